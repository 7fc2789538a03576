//! Frames in memory that the server handed over: no call for a frame, and a doorbell to sleep by.

use std::time::Instant;

use nearcall_frames::{End, Next, NextError as ReadError, Policy, Reader};
use nearcall_sys::memory::ReadOnly;

use super::frame::Frame;
use super::handing::{Link, hand_over};
use super::opening::Granted;
use super::{Came, NextError};

/// A reader that has the memory.
#[derive(Debug)]
pub(super) struct Attached {
    reader: Reader<ReadOnly>,
    /// The doorbell once more; the reader and its leases have the other.
    link: Link,
    /// How often a ring was asked for since all that had come were taken.
    wishes: u32,
    epoch: u64,
    /// Whether the writer waits for this reader.
    blocks: bool,
    /// The server hung up. What it published before is still there.
    gone: bool,
    /// It was told that it is evicted, which it stays.
    evicted: bool,
}

/// What a look into the memory found.
#[expect(
    clippy::large_enum_variant,
    reason = "a frame is what nearly always comes, and a box would be an allocation for each"
)]
enum Look {
    Came(Came),
    /// Nothing yet; `again` is when the policy allows another frame.
    Nothing {
        again: Option<Instant>,
    },
    /// The writer was faster at every try.
    Overtaken,
}

/// Why the memory was not to be had.
pub(super) struct AttachFault(pub(super) Box<dyn std::error::Error + Send + Sync>);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for AttachFault {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl Attached {
    /// Takes the memory.
    pub(super) async fn attach(granted: Granted) -> Result<Self, AttachFault> {
        let grant = granted.grant;
        let (reader, link) = hand_over(granted).await?;
        Ok(Self {
            reader,
            link,
            wishes: 0,
            epoch: grant.identity.epoch,
            blocks: matches!(grant.policy, Policy::Block { .. }),
            gone: false,
            evicted: false,
        })
    }

    /// Goes on by a policy that the server agreed to.
    pub(super) fn set_policy(&mut self, policy: Policy) {
        self.reader.set_policy(policy);
        self.blocks = matches!(policy, Policy::Block { .. });
    }

    pub(super) async fn next(&mut self) -> Result<Came, NextError> {
        loop {
            match self.look()? {
                Look::Came(came) => return Ok(came),
                Look::Nothing { again: None } if self.gone => return self.after_hang_up(),
                Look::Nothing { again } => self.wait(again).await?,
                Look::Overtaken => tokio::task::yield_now().await,
            }
        }
    }

    /// What is there, if something is. It does not wait, and needs no runtime.
    pub(super) fn try_next(&mut self) -> Result<Option<Came>, NextError> {
        loop {
            match self.look()? {
                Look::Came(came) => return Ok(Some(came)),
                Look::Nothing { again: None } if self.gone => {
                    return self.after_hang_up().map(Some);
                }
                Look::Nothing { again: None } => {
                    // What was published before the server hung up may have come after the look.
                    if !self.is_hung_up() {
                        return Ok(None);
                    }
                }
                Look::Nothing { again: Some(_) } | Look::Overtaken => return Ok(None),
            }
        }
    }

    fn look(&mut self) -> Result<Look, NextError> {
        if self.evicted {
            return Err(NextError::Evicted);
        }
        loop {
            return match self.reader.next(Instant::now()) {
                Ok(Next::Frame(lease)) => {
                    Ok(Look::Came(Came::Frame(Frame::leased(lease, self.epoch))))
                }
                // Who was to lose nothing and did may have been evicted for it, and is told now: with a writer that never
                // pauses there is always a next frame to see.
                Ok(Next::Gap(_)) if self.blocks && self.is_hung_up() => {
                    self.after_hang_up().map(Look::Came)
                }
                Ok(Next::Gap(gap)) => Ok(Look::Came(Came::Gap(gap))),
                Ok(Next::End(End::Retired)) => Ok(Look::Came(Came::Lost)),
                Ok(Next::End(_)) => Ok(Look::Came(Came::Closed)),
                Ok(Next::Nothing { again }) => Ok(Look::Nothing { again }),
                Ok(_) => continue,
                Err(ReadError::AllHeld { granted }) => Err(NextError::AllHeld { granted }),
                Err(ReadError::Overtaken) => Ok(Look::Overtaken),
                Err(error) => Err(error.into()),
            };
        }
    }

    /// Waits for the doorbell, or for the time when the policy allows another frame.
    async fn wait(&mut self, again: Option<Instant>) -> Result<(), NextError> {
        let Some(again) = again else {
            self.wishes = self.wishes.saturating_add(1);
            if self.reader.sleep(true) {
                self.listen().await;
                self.reader.wake_up();
            }
            return Ok(());
        };
        tokio::time::sleep_until(again.into()).await;
        Ok(())
    }

    async fn listen(&mut self) {
        // A wish brings one ring at most: once that is taken, there is nothing to look for but the end, and of that the
        // runtime tells again and again.
        let is_ring = self.link.ring().await;
        if !is_ring || self.wishes > 1 {
            self.gone = self.link.is_hung_up();
        }
        self.wishes = 0;
    }

    fn is_hung_up(&mut self) -> bool {
        self.gone = self.gone || self.link.is_hung_up();
        self.gone
    }

    /// A server that evicts a reader says no more and still listens; one that is gone does neither.
    fn after_hang_up(&mut self) -> Result<Came, NextError> {
        if self.link.is_server_gone() {
            return Ok(Came::Lost);
        }
        self.evicted = true;
        Err(NextError::Evicted)
    }
}
