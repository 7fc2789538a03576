//! What a reader asks for, and what it gets.

use std::fmt;

use crate::geometry::Geometry;
use crate::header::Identity;
use crate::layout::page;
use crate::limits::{BLOCK_WAIT_MAX, PINS_MAX, SAMPLE_HZ_MAX, SUBSCRIPTIONS_MAX};
use crate::policy::Policy;

/// The number of a subscription; a channel gives each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

impl SubscriptionId {
    /// The subscription of that number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a reader asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Which frames it wants.
    pub policy: Policy,
    /// How many frames it will hold leases on at once, 1 to [`PINS_MAX`].
    pub pins: u32,
}

/// What a reader gets: all that it goes by, kept in its own memory and never read from what is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The subscription.
    pub id: SubscriptionId,
    /// Which region it is.
    pub identity: Identity,
    /// How the region is divided.
    pub geometry: Geometry,
    /// How many frames may be held at once.
    pub pins: u32,
    /// Which frames come.
    pub policy: Policy,
    /// The first frame that may come.
    pub first: u64,
}

/// Why a channel does not take a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// It has as many as it may.
    #[error("expected {SUBSCRIPTIONS_MAX} subscriptions at most; end one first")]
    TooMany,
    /// No pins, or more than a return page has room for.
    #[error("expected 1 to {PINS_MAX} frames to be held at once, found {asked}")]
    Pins {
        /// What was asked for.
        asked: u32,
    },
    /// The channel's slots do not suffice.
    #[error(
        "{free} more frames can be held at once, was asked for {asked}; ask for fewer, or make the channel with more slots"
    )]
    NoSlots {
        /// What was asked for.
        asked: u32,
        /// What would do.
        free: u32,
    },
    /// The channel does not keep so many frames.
    #[error("expected a depth of 1 to {most}, the frames that the channel keeps, found {asked}")]
    Depth {
        /// What was asked for.
        asked: u32,
        /// What would do.
        most: u32,
    },
    /// The writer will not wait so long.
    #[error("expected a wait of {BLOCK_WAIT_MAX:?} at most, found {asked:?}")]
    Wait {
        /// What was asked for.
        asked: std::time::Duration,
    },
    /// Not so often.
    #[error("expected 1 to {SAMPLE_HZ_MAX} frames in a second, found {asked}")]
    Rate {
        /// What was asked for.
        asked: u32,
    },
    /// The memory given for the return page is none.
    #[error("expected a return page of {} bytes, found {found}", page::BYTES)]
    Page {
        /// Its length.
        found: usize,
    },
}

impl Request {
    pub(super) fn check(&self, geometry: &Geometry, free: u32) -> Result<(), SubscribeError> {
        let asked = self.pins;
        if asked == 0 || asked > PINS_MAX {
            return Err(SubscribeError::Pins { asked });
        }
        if asked > free {
            return Err(SubscribeError::NoSlots { asked, free });
        }
        policy_fits(self.policy, geometry)
    }
}

/// Whether a channel can keep a policy.
pub(super) fn policy_fits(policy: Policy, geometry: &Geometry) -> Result<(), SubscribeError> {
    match policy {
        Policy::Latest => Ok(()),
        Policy::DropOldest { depth } => {
            let most = geometry.history().saturating_add(1);
            let fits = (1..=most).contains(&depth);
            fits.then_some(())
                .ok_or(SubscribeError::Depth { asked: depth, most })
        }
        Policy::Block { max_wait, .. } => {
            let fits = max_wait <= BLOCK_WAIT_MAX;
            fits.then_some(())
                .ok_or(SubscribeError::Wait { asked: max_wait })
        }
        Policy::Sample { hz } => {
            let fits = (1..=SAMPLE_HZ_MAX).contains(&hz);
            fits.then_some(()).ok_or(SubscribeError::Rate { asked: hz })
        }
    }
}
