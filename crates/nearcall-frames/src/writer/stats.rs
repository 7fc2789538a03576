//! What a channel's writer can say of it.

use std::time::{Duration, Instant};

use super::Writer;
use super::grant::SubscriptionId;
use super::subscription::Subscription;
use crate::mark;
use crate::memory::Lending;
use crate::policy::Policy;

/// What became of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It is as it was granted.
    Live,
    /// It lagged, and no longer holds the writer up.
    Demoted,
    /// It lagged, and was ended; what its reader holds is still kept until it hangs up.
    Evicted,
}

/// A channel at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Frames published.
    pub published: u64,
    /// Frames dropped because a subscription held the writer up for as long as it may.
    pub dropped: u64,
    /// Frames dropped because no slot was free.
    pub without_slot: u64,
    /// Each subscription.
    pub subscriptions: Vec<SubscriptionStats>,
}

/// A subscription at one moment. What comes from its return page is its reader's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionStats {
    /// Which.
    pub id: SubscriptionId,
    /// What it was granted.
    pub policy: Policy,
    /// What became of it.
    pub state: State,
    /// Frames published since the one its reader took last.
    pub lag: u64,
    /// Frames dropped because of it.
    pub dropped: u64,
    /// How many frames its reader may hold.
    pub pins_granted: u32,
    /// How many it says it holds.
    pub pins: u32,
    /// How old the oldest of these is, counted from its publication.
    pub oldest_pin_age: Option<Duration>,
}

impl<D: Lending> Writer<D> {
    /// The channel at this moment.
    #[must_use]
    pub fn stats(&self, now: Instant) -> Stats {
        let subscriptions = self.subscriptions.iter();
        Stats {
            published: self.latest,
            dropped: self.dropped,
            without_slot: self.without_slot,
            subscriptions: subscriptions.map(|one| self.stats_of(one, now)).collect(),
        }
    }

    fn stats_of(&self, one: &Subscription, now: Instant) -> SubscriptionStats {
        let mut pins = 0_u32;
        let mut oldest: Option<Duration> = None;
        for slot in one
            .pins()
            .filter_map(|pin| mark::pinned(pin, &self.geometry))
        {
            pins = pins.saturating_add(1);
            let since = self.slots.since(slot);
            let age = since.map(|since| now.saturating_duration_since(since));
            oldest = oldest.max(age);
        }
        SubscriptionStats {
            id: one.id(),
            policy: one.policy(),
            state: one.state(),
            lag: self.latest.saturating_sub(one.consumed(self.latest)),
            dropped: one.dropped(),
            pins_granted: one.pins_granted(),
            pins,
            oldest_pin_age: oldest,
        }
    }
}
