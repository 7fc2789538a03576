//! The one who reads a channel: which frame comes next, and how it is held.

mod attachment;
mod lease;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::doorbell::{Heard, Hearing};
use crate::header::{Header, HeaderError, Identity};
use crate::layout::{header, page, state};
use crate::limits::{LEASE_ATTEMPTS_MAX, PINS_MAX};
use crate::mark;
use crate::memory::{Memory, Source};
use crate::policy::Policy;
use crate::writer::{Grant, low_half};
use attachment::Attachment;

pub use lease::{Info, Lease};

/// Why memory is not the channel that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The region has another length than its slots need.
    #[error("expected a region of {expected} bytes, which its slots need, found {found}")]
    Region {
        /// What the grant needs.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// The return page has another length than one has.
    #[error("expected a return page of {} bytes, found {found}", page::BYTES)]
    Page {
        /// What there is.
        found: usize,
    },
    /// The grant has no pins, or more than a return page has room for.
    #[error("expected a grant of 1 to {PINS_MAX} pins, found {found}")]
    Pins {
        /// What it has.
        found: u32,
    },
    /// The region does not begin with a header of this layout.
    #[error("the region has no header that this version understands")]
    Header(#[from] HeaderError),
    /// The region is another one: that of an earlier start of the server, or of another channel.
    #[error("expected region {expected:?}, found {found:?}; ask the server again")]
    Identity {
        /// What was granted.
        expected: Identity,
        /// What the region says.
        found: Identity,
    },
    /// The region says that it is divided otherwise than the grant does.
    #[error("the region is not divided as the server said; ask the server again")]
    Geometry,
}

/// Why a channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The writer ended it.
    Closed,
    /// Another region took its place: ask the server for it.
    Retired,
}

/// Frames that this reader will not get, from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
}

/// What comes next on a channel.
#[derive(Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "a frame is what nearly always comes, and a box would be an allocation for each"
)]
pub enum Next<D: Source> {
    /// A frame.
    Frame(Lease<D>),
    /// Frames were lost, because the reader came too late for them; the next is the one after.
    Gap(Gap),
    /// Nothing yet.
    Nothing {
        /// When it is worth looking again even if no frame comes: where the policy asks for so many frames in a second.
        again: Option<Instant>,
    },
    /// Nothing more comes.
    End(End),
}

/// Why there is no telling what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NextError {
    /// As many frames are held as were granted.
    #[error(
        "all {granted} frames that may be held at once are held; drop a lease first, or ask for more pins"
    )]
    AllHeld {
        /// How many were granted.
        granted: u32,
    },
    /// The writer was faster at every try.
    #[error(
        "the writer overtook this reader {LEASE_ATTEMPTS_MAX} times in a row; use a channel with more slots"
    )]
    Overtaken,
    /// The shared memory names a slot that there is not: the server broke it.
    #[error(
        "expected a slot below {slots}, found {found} in shared memory; the server is broken, or is another version"
    )]
    Damaged {
        /// How many slots there are.
        slots: u32,
        /// What was named.
        found: u64,
    },
}

/// Reads the frames of one subscription, in place.
///
/// [`next`](Self::next) never waits; [`wait`](Self::wait) does, and [`sleep`](Self::sleep) is for those who wait by
/// themselves, such as an event loop.
#[derive(Debug)]
pub struct Reader<D: Source> {
    attachment: Arc<Attachment<D>>,
    policy: Policy,
    /// The number of the first frame that has not come yet.
    next: u64,
    /// When the policy allows another frame.
    due: Option<Instant>,
}

impl<D: Source> Reader<D> {
    /// Attaches to a channel's memory as granted.
    ///
    /// # Errors
    ///
    /// The memory is not what was granted.
    pub fn attach(data: D, page: Box<dyn Memory>, grant: &Grant) -> Result<Self, AttachError> {
        let (expected, found) = (grant.geometry.region_bytes(), data.length());
        if expected != found {
            return Err(AttachError::Region { expected, found });
        }
        let found = page.length();
        if found != page::BYTES {
            return Err(AttachError::Page { found });
        }
        if grant.pins == 0 || grant.pins > PINS_MAX {
            return Err(AttachError::Pins { found: grant.pins });
        }
        let mut bytes = [0; header::FIXED_BYTES];
        data.read(0, &mut bytes);
        let found = Header::parse(&bytes)?;
        if found.identity != grant.identity {
            return Err(AttachError::Identity {
                expected: grant.identity,
                found: found.identity,
            });
        }
        if found.geometry != grant.geometry {
            return Err(AttachError::Geometry);
        }
        Ok(Self {
            attachment: Arc::new(Attachment::new(data, page, grant)),
            policy: grant.policy,
            next: grant.first.max(1),
            due: None,
        })
    }

    /// Listens for rings and for the server's end with `hearing`, for as long as this reader or a lease of it lives.
    #[must_use]
    pub fn with_hearing(mut self, hearing: Box<dyn Hearing>) -> Self {
        if let Some(attachment) = Arc::get_mut(&mut self.attachment) {
            attachment.hear_with(hearing);
        }
        self
    }

    /// What comes next by the subscription's policy.
    ///
    /// # Errors
    ///
    /// Too many frames are held, the writer is too fast, or the memory is broken. The reader can go on after each.
    pub fn next(&mut self, now: Instant) -> Result<Next<D>, NextError> {
        let depth = match self.policy {
            Policy::Latest => None,
            Policy::Sample { .. } => {
                if let Some(due) = self.due.filter(|due| now < *due) {
                    return Ok(Next::Nothing { again: Some(due) });
                }
                None
            }
            Policy::DropOldest { depth } => Some(depth.into()),
            Policy::Block { .. } => {
                Some(u64::from(self.attachment.geometry.history()).saturating_add(1))
            }
        };
        for _ in 0..LEASE_ATTEMPTS_MAX {
            let Some((latest, slot)) = self.latest()? else {
                return Ok(self.nothing());
            };
            if latest < self.next {
                return Ok(self.nothing());
            }
            let leased = match depth {
                None => Attachment::lease(&self.attachment, latest, slot)?,
                Some(depth) => {
                    let oldest = latest.saturating_add(1).saturating_sub(depth);
                    if oldest > self.next {
                        let gap = Gap {
                            first: self.next,
                            last: oldest.saturating_sub(1),
                        };
                        self.next = oldest;
                        return Ok(Next::Gap(gap));
                    }
                    Attachment::find(&self.attachment, self.next)?
                }
            };
            if let Some(lease) = leased {
                self.took(lease.seq(), now);
                return Ok(Next::Frame(lease));
            }
        }
        Err(NextError::Overtaken)
    }

    /// The newest frame, whether it came before or not: for a screen that is drawn anew.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub fn newest(&mut self) -> Result<Option<Lease<D>>, NextError> {
        for _ in 0..LEASE_ATTEMPTS_MAX {
            let Some((latest, slot)) = self.latest()? else {
                return Ok(None);
            };
            if let Some(lease) = Attachment::lease(&self.attachment, latest, slot)? {
                return Ok(Some(lease));
            }
        }
        Err(NextError::Overtaken)
    }

    /// Waits until there may be something next, or `most` has passed. What woke it is no promise: look with `next`.
    ///
    /// [`Heard::Gone`] says that the server has hung up or died: what is held stays readable, and nothing new comes.
    pub fn wait(&mut self, most: Duration) -> Heard {
        let by_doorbell = self.attachment.hearing().is_some();
        let seen = self.attachment.data.load(header::NOTIFY);
        // A frame that came before it is due is no reason to look, so nobody is asked to ring for one.
        let pause = self.due.map_or(Duration::ZERO, |due| {
            due.saturating_duration_since(Instant::now())
        });
        if !pause.is_zero() {
            let heard = self.hear(seen, pause.min(most));
            let is_due = pause <= most && heard == Heard::Nothing;
            return if is_due { Heard::Ring } else { heard };
        }
        if !self.sleep(by_doorbell) {
            return Heard::Ring;
        }
        let heard = self.hear(seen, most);
        self.wake_up();
        heard
    }

    /// Asks the writer to wake this reader when there is something next: by its doorbell, or else through the word
    /// `notify` of the region. `false` when there is something already, and it should not go to sleep.
    ///
    /// The wish stands until [`wake_up`](Self::wake_up), and is granted once.
    #[must_use]
    pub fn sleep(&mut self, by_doorbell: bool) -> bool {
        let Attachment { data, page, .. } = &*self.attachment;
        page.store(page::WAKE_AFTER, mark::wake(self.next, by_doorbell));
        // The counterpart of the fence in the writer's announcement: wish, then look; news, then look.
        page.fence();
        let word = data.load(header::LATEST);
        let news = mark::read_latest(word, &self.attachment.geometry)
            .map_or(true, |named| named.is_some_and(|(seq, _)| seq >= self.next));
        let ended = data.load(header::STATE) != state::LIVE;
        if news || ended {
            self.wake_up();
        }
        !(news || ended)
    }

    /// Takes back what [`sleep`](Self::sleep) asked for.
    pub fn wake_up(&mut self) {
        self.attachment.page.store(page::WAKE_AFTER, 0);
    }

    /// Goes on by another policy, which the server has to have agreed to.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        self.due = None;
    }

    /// Listens at the doorbell, or without one for `notify` to be another than `seen`.
    fn hear(&self, seen: u64, most: Duration) -> Heard {
        let Attachment { data, .. } = &*self.attachment;
        if let Some(hearing) = self.attachment.hearing() {
            return hearing.hear(most);
        }
        data.wait(header::NOTIFY, low_half(seen), most);
        if data.load(header::NOTIFY) == seen {
            Heard::Nothing
        } else {
            Heard::Ring
        }
    }

    fn latest(&self) -> Result<Option<(u64, crate::Slot)>, NextError> {
        let geometry = &self.attachment.geometry;
        let word = self.attachment.data.load(header::LATEST);
        mark::read_latest(word, geometry).map_err(|found| NextError::Damaged {
            slots: geometry.slots(),
            found,
        })
    }

    fn took(&mut self, seq: u64, now: Instant) {
        self.next = seq.saturating_add(1);
        let page = &self.attachment.page;
        page.store(page::CONSUMED, seq);
        match self.policy {
            Policy::Block { .. } => page.wake(page::CONSUMED),
            Policy::Sample { hz } => {
                let pause = Duration::from_secs(1).checked_div(hz).unwrap_or_default();
                self.due = now.checked_add(pause);
            }
            Policy::Latest | Policy::DropOldest { .. } => {}
        }
    }

    /// Nothing yet, or the end: the writer says so after its last frame, so there is none between.
    fn nothing(&self) -> Next<D> {
        match self.attachment.data.load(header::STATE) {
            state::CLOSED => self.unless_news(End::Closed),
            state::RETIRED => self.unless_news(End::Retired),
            _ => Next::Nothing { again: None },
        }
    }

    /// The last frame may have come between looking for it and looking for the end.
    fn unless_news(&self, end: End) -> Next<D> {
        match self.latest() {
            Ok(Some((latest, _))) if latest >= self.next => Next::Nothing {
                again: Some(Instant::now()),
            },
            _ => Next::End(end),
        }
    }
}

impl<D: Source> Drop for Reader<D> {
    /// Leases may outlive it, and the subscription with them: nobody takes any more, so nobody is to be waited for.
    fn drop(&mut self) {
        if matches!(self.policy, Policy::Block { .. }) {
            let page = &self.attachment.page;
            page.store(page::CONSUMED, u64::MAX);
            page.wake(page::CONSUMED);
        }
    }
}
