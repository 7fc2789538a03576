//! One subscription as the writer sees it. What its reader says stands in the return page, and is a claim.

use std::sync::Arc;
use std::time::Instant;

use super::grant::{Grant, SubscriptionId};
use super::held::Held;
use super::stats::State;
use crate::doorbell::{Doorbell, Rung};
use crate::layout::page;
use crate::mark;
use crate::memory::Words;
use crate::policy::{Policy, Then};

/// Whether a subscription lets the next frame be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    Wait(Instant),
    Drop,
}

#[derive(Debug)]
pub(super) struct Subscription {
    id: SubscriptionId,
    policy: Policy,
    state: State,
    pins: u32,
    page: Arc<dyn Words>,
    doorbell: Box<dyn Doorbell>,
    /// The newest frame that the reader has taken, as far as it can be believed: it only grows, up to the latest.
    consumed: u64,
    /// Since when the reader has held the writer up.
    holding_since: Option<Instant>,
    /// The wish to be woken that was last granted; each is granted once.
    woken_for: u64,
    dropped: u64,
    gone: bool,
}

impl Subscription {
    pub(super) fn new(grant: &Grant, page: Box<dyn Words>, doorbell: Box<dyn Doorbell>) -> Self {
        Self {
            id: grant.id,
            policy: grant.policy,
            state: State::Live,
            pins: grant.pins,
            page: Arc::from(page),
            doorbell,
            consumed: grant.first.saturating_sub(1),
            holding_since: None,
            woken_for: 0,
            dropped: 0,
            gone: false,
        }
    }

    pub(super) fn id(&self) -> SubscriptionId {
        self.id
    }

    pub(super) fn policy(&self) -> Policy {
        self.policy
    }

    /// From here on it goes by the new policy, also where it was demoted by the one before. How long it has held the
    /// writer up goes on counting until it has caught up: a reader that asks again and again would else hold it for ever.
    pub(super) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        if self.state == State::Demoted {
            self.state = State::Live;
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn pins_granted(&self) -> u32 {
        self.pins
    }

    /// The pins that were granted, as they are now; what stands in the page beyond them is nothing to anyone, nor is
    /// anything in the page of a reader that is gone.
    pub(super) fn pins(&self) -> impl Iterator<Item = u64> {
        let places = (page::PINS..page::BYTES).step_by(page::PIN_BYTES);
        let granted = if self.gone { 0 } else { self.pins };
        let granted = usize::try_from(granted).unwrap_or(0);
        places.take(granted).map(|at| self.page.load(at))
    }

    /// The newest frame that the reader has taken.
    pub(super) fn consumed(&self, latest: u64) -> u64 {
        let claimed = self.page.load(page::CONSUMED);
        self.consumed.max(claimed.min(latest))
    }

    /// Whether the kernel says that the reader is gone.
    pub(super) fn is_gone(&mut self) -> bool {
        self.gone = self.gone || self.doorbell.is_gone();
        self.gone
    }

    /// Whether it turned out before that the reader is gone.
    pub(super) fn was_gone(&self) -> bool {
        self.gone
    }

    /// Whether the next frame may be written, after which `oldest` is the oldest that is there.
    pub(super) fn verdict(&mut self, oldest: u64, latest: u64, now: Instant) -> Verdict {
        let Policy::Block { max_wait, then } = self.policy else {
            return Verdict::Go;
        };
        if self.state != State::Live || self.gone {
            return Verdict::Go;
        }
        self.consumed = self.consumed(latest);
        if self.consumed.saturating_add(1) >= oldest {
            self.holding_since = None;
            return Verdict::Go;
        }
        if self.is_gone() {
            return Verdict::Go;
        }
        let since = *self.holding_since.get_or_insert(now);
        if now.saturating_duration_since(since) < max_wait {
            return Verdict::Wait(since.checked_add(max_wait).unwrap_or(now));
        }
        match then {
            Then::DropNew => {
                self.dropped = self.dropped.saturating_add(1);
                return Verdict::Drop;
            }
            Then::Demote => self.state = State::Demoted,
            Then::Evict => {
                self.state = State::Evicted;
                self.doorbell.end();
            }
        }
        Verdict::Go
    }

    /// What waits until the reader has taken the frame before `oldest`.
    pub(super) fn waits_for(&self, oldest: u64) -> Held {
        Held {
            page: Arc::clone(&self.page),
            oldest,
        }
    }

    /// Rings for a reader that wishes to be woken for `seq`, and says whether it waits on memory instead.
    pub(super) fn wake(&mut self, seq: u64) -> bool {
        if self.gone {
            return false;
        }
        let word = self.page.load(page::WAKE_AFTER);
        let Some((wanted, by_doorbell)) = mark::read_wake(word) else {
            return false;
        };
        if wanted > seq || (word == self.woken_for && seq != u64::MAX) {
            return false;
        }
        self.woken_for = word;
        if by_doorbell && self.doorbell.ring() == Rung::Gone {
            self.gone = true;
        }
        !by_doorbell
    }
}
