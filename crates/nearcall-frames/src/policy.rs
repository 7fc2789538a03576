//! Which frames a subscription gets, and what becomes of the writer when it lags.

use std::time::Duration;

/// What a writer does about a subscription that has held it up for as long as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Then {
    /// The new frame is dropped, for all; and so are those after it, without waiting again, until the reader goes on.
    DropNew,
    /// The subscription no longer holds anyone up; its reader finds a [`Gap`](crate::Gap).
    Demote,
    /// The subscription ends. What its reader holds stays readable until it hangs up.
    Evict,
}

/// Which frames a subscription gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The newest frame, whatever came between; never a wait. Pictures, previews.
    Latest,
    /// Every frame in turn, at most `depth` behind the newest; what is lost further behind shows as a gap. Sound,
    /// telemetry.
    DropOldest {
        /// How many of the newest frames may wait to be taken: 1 to `history + 1`.
        depth: u32,
    },
    /// Every frame in turn: the writer waits for the reader rather than overwrite what it has not taken, for at most
    /// `max_wait`. State deltas.
    Block {
        /// The longest wait, up to [`BLOCK_WAIT_MAX`](crate::limits::BLOCK_WAIT_MAX).
        max_wait: Duration,
        /// What happens then.
        then: Then,
    },
    /// The newest frame, at most so many times in a second. Thumbnails.
    Sample {
        /// 1 to [`SAMPLE_HZ_MAX`](crate::limits::SAMPLE_HZ_MAX).
        hz: u32,
    },
}
