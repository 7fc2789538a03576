//! The one who writes a channel: slots, subscriptions, and what becomes of those that lag.

mod grant;
mod held;
mod loan;
mod slots;
mod stats;
mod subscription;

use std::time::{Instant, SystemTime};

use crate::doorbell::Doorbell;
use crate::geometry::{Geometry, Slot};
use crate::header::{Header, Identity};
use crate::layout::{ABI, header, page, slot as slot_header, state};
use crate::limits::{SEQ_MAX, SUBSCRIPTIONS_MAX};
use crate::mark;
use crate::memory::{Lending, Words};
use crate::policy::Policy;
pub(crate) use held::low_half;
use slots::Slots;
use subscription::{Subscription, Verdict};

use grant::policy_fits;
pub use grant::{Grant, Request, SubscribeError, SubscriptionId};
pub use held::Held;
pub use loan::{Aside, Details, Loan, PublishError};
pub use stats::{State, Stats, SubscriptionStats};

/// Why memory cannot become a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetUpError {
    /// It has another length than the geometry asks for.
    #[error("expected memory of {expected} bytes, which the slots need, found {found}")]
    Length {
        /// What the geometry asks for.
        expected: usize,
        /// What it has.
        found: usize,
    },
}

/// Why a frame cannot be written now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoanError {
    /// A subscription that may hold the writer up has not taken a frame yet that would be overwritten.
    #[error(
        "subscription {subscription} has not taken a frame that would be overwritten; try again when it has, or when its wait is over"
    )]
    Held {
        /// Which.
        subscription: SubscriptionId,
        /// When its wait is over.
        until: Instant,
    },
    /// Such a subscription's wait is over, and what it asked for is that the new frame be dropped.
    #[error("the frame was dropped, as subscription {subscription} asked for when it lags")]
    Dropped {
        /// Which.
        subscription: SubscriptionId,
    },
    /// Every slot is kept, held by readers, or the latest; or a loan that was set aside was forgotten, but not its bytes.
    #[error(
        "none of {slots} slots is free; expected slots for the history, every pin and two more"
    )]
    NoFreeSlot {
        /// How many there are.
        slots: u32,
    },
    /// The numbers for frames are used up.
    #[error("the channel has carried {SEQ_MAX} frames, and can carry no more; open another")]
    Worn,
}

/// Writes frames into memory that readers share.
///
/// Publishing never waits for a reader, with one exception that a subscription has to ask for and that ends by itself:
/// [`Policy::Block`](crate::Policy::Block). When it is dropped, readers find the channel's end.
#[derive(Debug)]
pub struct Writer<D: Lending> {
    data: D,
    identity: Identity,
    geometry: Geometry,
    slots: Slots,
    subscriptions: Vec<Subscription>,
    next_subscription: u64,
    /// The newest frame's number; 0 before the first.
    latest: u64,
    notify: u64,
    dropped: u64,
    without_slot: u64,
    clock: fn() -> u64,
    state: u64,
    overcommitted: bool,
    /// The slot of a loan that was set aside.
    aside: Option<Slot>,
}

impl<D: Lending> Writer<D> {
    /// Lays a channel out in memory that nobody else writes and nobody reads yet.
    ///
    /// # Errors
    ///
    /// The memory has another length than [`Geometry::region_bytes`].
    pub fn new(mut data: D, identity: Identity, geometry: Geometry) -> Result<Self, SetUpError> {
        let (expected, found) = (geometry.region_bytes(), data.length());
        if expected != found {
            return Err(SetUpError::Length { expected, found });
        }
        let head = Header {
            identity,
            geometry,
            minor: ABI.1,
        };
        data.set_apart(geometry.payloads_at());
        data.write(0, &head.bytes());
        data.store(header::STATE, state::LIVE);
        Ok(Self {
            slots: Slots::new(&geometry),
            data,
            identity,
            geometry,
            subscriptions: Vec::new(),
            next_subscription: 1,
            latest: 0,
            notify: 0,
            dropped: 0,
            without_slot: 0,
            clock: nanoseconds,
            state: state::LIVE,
            overcommitted: false,
            aside: None,
        })
    }

    /// Takes the time that frames are stamped with from `clock`, in nanoseconds since 1970.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> u64) -> Self {
        self.clock = clock;
        self
    }

    /// Grants more pins than there are slots for, where memory is dearer than frames.
    ///
    /// Readers that hold all they may can then leave no slot free: the writer meets [`LoanError::NoFreeSlot`] and the
    /// frame is dropped. Without this, it never does.
    #[must_use]
    pub fn overcommitted(mut self) -> Self {
        self.overcommitted = true;
        self
    }

    /// How the channel's memory is divided.
    #[must_use]
    pub const fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The newest frame's number; 0 before the first.
    #[must_use]
    pub const fn latest(&self) -> u64 {
        self.latest
    }

    /// Takes a subscription in, with the return page made for it, and answers with what its reader needs to know.
    ///
    /// # Errors
    ///
    /// The channel cannot promise what is asked for: slots are given once, when it is made.
    pub fn subscribe(
        &mut self,
        page: Box<dyn Words>,
        doorbell: Box<dyn Doorbell>,
        request: Request,
    ) -> Result<Grant, SubscribeError> {
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return Err(SubscribeError::TooMany);
        }
        let found = page.length();
        if found != page::BYTES {
            return Err(SubscribeError::Page { found });
        }
        let free = if self.overcommitted {
            u32::MAX
        } else {
            self.geometry.pins().saturating_sub(self.pins_granted())
        };
        request.check(&self.geometry, free)?;
        let id = SubscriptionId::new(self.next_subscription);
        self.next_subscription = self.next_subscription.wrapping_add(1);
        // It begins with the frame that is there, which a game that joins late wants to see at once.
        let first = self.latest.max(1);
        let grant = Grant {
            id,
            identity: self.identity,
            geometry: self.geometry,
            pins: request.pins,
            policy: request.policy,
            first,
        };
        self.subscriptions
            .push(Subscription::new(&grant, page, doorbell));
        Ok(grant)
    }

    /// Forgets a subscription and its pins. For one whose reader has hung up, or never came: a reader that is still
    /// there would see what it holds change. Whether there was such a subscription.
    pub fn unsubscribe(&mut self, id: SubscriptionId) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|one| one.id() != id);
        self.subscriptions.len() != before
    }

    /// Gives a subscription another policy; its reader needs to be told too. Whether there is such a subscription.
    ///
    /// # Errors
    ///
    /// The channel cannot keep the policy.
    pub fn set_policy(
        &mut self,
        id: SubscriptionId,
        policy: Policy,
    ) -> Result<bool, SubscribeError> {
        policy_fits(policy, &self.geometry)?;
        let found = self.subscriptions.iter_mut().find(|one| one.id() == id);
        Ok(found.map(|one| one.set_policy(policy)).is_some())
    }

    /// Asks the kernel which readers have hung up or died, and forgets those. Each is told once, also those that turned
    /// out to be gone while a frame was written: they hold nothing any more, and wait here to be told.
    pub fn reap(&mut self) -> Vec<SubscriptionId> {
        let mut gone = Vec::new();
        self.subscriptions.retain_mut(|one| {
            let is_gone = one.is_gone();
            if is_gone {
                gone.push(one.id());
            }
            !is_gone
        });
        gone
    }

    /// A slot to write the next frame into. What is not published is given back.
    ///
    /// # Errors
    ///
    /// A subscription holds the writer up or has the frame dropped, or no slot is free.
    pub fn loan(&mut self, now: Instant) -> Result<Loan<'_, D>, LoanError> {
        self.admit(now)?;
        self.take(now)
    }

    /// As [`loan`](Self::loan), but waits for subscriptions that hold the writer up, each for as long as it may.
    ///
    /// # Errors
    ///
    /// The frame is dropped, or no slot is free.
    pub fn loan_waiting(&mut self) -> Result<Loan<'_, D>, LoanError> {
        let now = loop {
            let now = Instant::now();
            match self.admit(now) {
                Ok(()) => break now,
                Err(LoanError::Held {
                    subscription,
                    until,
                }) => {
                    if let Some(held) = self.held_by(subscription) {
                        held.wait(until.saturating_duration_since(now));
                    }
                }
                Err(error) => return Err(error),
            }
        };
        self.take(now)
    }

    /// Publishes a copy of `payload` and answers with the frame's number.
    ///
    /// # Errors
    ///
    /// It is too long, or there is no slot to be had, see [`loan`](Self::loan).
    pub fn copy(
        &mut self,
        now: Instant,
        payload: &[u8],
        details: &Details,
    ) -> Result<u64, PublishError> {
        let most = self.geometry.payload_bytes();
        if payload.len() > most {
            return Err(PublishError::TooLong {
                length: payload.len(),
                most,
            });
        }
        let mut loan = self.loan(now)?;
        loan.write(0, payload)?;
        loan.publish(payload.len(), details)
    }

    /// Says that another region takes this one's place. What readers hold stays readable.
    pub fn retire(mut self) {
        self.end(state::RETIRED);
    }

    fn end(&mut self, state: u64) {
        if self.state == state::LIVE {
            self.state = state;
            self.data.store(header::STATE, state);
            self.announce(u64::MAX);
        }
    }

    /// What to wait at for a subscription that holds this writer up, as [`LoanError::Held`] names it. None where there
    /// is no such subscription any more, and nothing to wait for.
    #[must_use]
    pub fn held_by(&self, id: SubscriptionId) -> Option<Held> {
        let found = self.subscriptions.iter().find(|one| one.id() == id);
        found.map(|one| one.waits_for(self.oldest_needed()))
    }

    fn pins_granted(&self) -> u32 {
        let there = self.subscriptions.iter().filter(|one| !one.was_gone());
        there.fold(0, |sum, one| sum.saturating_add(one.pins_granted()))
    }

    /// The oldest frame that publishing another would leave readable.
    fn oldest_needed(&self) -> u64 {
        let next = self.latest.saturating_add(1);
        next.saturating_sub(self.geometry.history().into())
    }

    /// Whether subscriptions let the next frame be written.
    fn admit(&mut self, now: Instant) -> Result<(), LoanError> {
        if self.latest >= SEQ_MAX {
            return Err(LoanError::Worn);
        }
        let oldest = self.oldest_needed();
        let mut refusal = None;
        for one in &mut self.subscriptions {
            let subscription = one.id();
            match one.verdict(oldest, self.latest, now) {
                Verdict::Go => {}
                Verdict::Wait(until) => {
                    refusal.get_or_insert(LoanError::Held {
                        subscription,
                        until,
                    });
                }
                // That the frame is dropped is settled, whoever else might still be waited for.
                Verdict::Drop => refusal = Some(LoanError::Dropped { subscription }),
            }
        }
        if let Some(LoanError::Dropped { .. }) = refusal {
            self.dropped = self.dropped.saturating_add(1);
            self.data.store(header::DROPPED, self.dropped);
        }
        refusal.map_or(Ok(()), Err)
    }

    fn take(&mut self, now: Instant) -> Result<Loan<'_, D>, LoanError> {
        // One that was set aside and forgotten holds half a frame.
        if let Some(slot) = self.aside.take() {
            self.give_back(slot);
        }
        let seq = self.latest.saturating_add(1);
        let taken = self
            .slots
            .take(&self.data, &self.geometry, seq, &self.subscriptions);
        let lent = taken.and_then(|slot| Some((slot, self.lend(slot)?)));
        let Some((slot, lent)) = lent else {
            if let Some(slot) = taken {
                self.give_back(slot);
            }
            self.without_slot = self.without_slot.saturating_add(1);
            self.data.store(header::WITHOUT_SLOT, self.without_slot);
            return Err(LoanError::NoFreeSlot {
                slots: self.geometry.slots(),
            });
        };
        Ok(Loan::new(self, slot, lent, seq, now))
    }

    /// A slot's bytes. None where whoever set a loan of it aside still has them.
    fn lend(&self, slot: Slot) -> Option<D::Lent> {
        let start = self.geometry.payload_at(slot);
        let end = start.saturating_add(self.geometry.payload_bytes());
        self.data.lend(start..end)
    }

    /// What was begun and not published may be half an old frame and half a new one: the slot holds none.
    fn give_back(&mut self, slot: Slot) {
        let header_at = self.geometry.slot_header_at(slot);
        self.data
            .store(header_at.saturating_add(slot_header::STAMP), 0);
        self.slots.clear(slot);
    }

    /// The last steps of publishing: the frame is there, and now readers may know.
    fn show(&mut self, seq: u64, slot: Slot, now: Instant) {
        self.slots.set(slot, seq, now);
        self.latest = seq;
        self.data.store(header::PUBLISHED, seq);
        self.data.store(header::LATEST, mark::latest(seq, slot));
        self.announce(seq);
    }

    /// Wakes who sleeps until a frame up to `seq`.
    fn announce(&mut self, seq: u64) {
        self.notify = self.notify.wrapping_add(1);
        self.data.store(header::NOTIFY, self.notify);
        // A reader stores its wish to be woken, then looks for news; the writer stores news, then looks for wishes.
        // Without the order that the fences make, each could miss the other's.
        self.data.fence();
        let mut waiting = false;
        for one in &mut self.subscriptions {
            waiting |= one.wake(seq);
        }
        if waiting {
            self.data.wake(header::NOTIFY);
        }
    }
}

impl<D: Lending> Drop for Writer<D> {
    fn drop(&mut self) {
        self.end(state::CLOSED);
    }
}

/// Nanoseconds since 1970; 0 where the system's clock stands before that.
fn nanoseconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}
