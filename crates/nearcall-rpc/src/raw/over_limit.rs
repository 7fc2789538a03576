//! Messages longer than the caller allowed.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tonic::{Code, Status};

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the caller to the server.
    Sent,
    /// From the server to the caller.
    Received,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sent => "a message to send",
            Self::Received => "a message of the answer",
        })
    }
}

/// A message was longer than the call's limit: the source of the `RESOURCE_EXHAUSTED` that a call ends with on this
/// side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{direction} has {found} bytes, the limit is {limit}")]
pub struct OverLimit {
    /// Which way it went.
    pub direction: Direction,
    /// The message's length in bytes.
    pub found: usize,
    /// The limit in bytes.
    pub limit: usize,
}

impl OverLimit {
    /// The limit that a status tells of, if that is what it tells of.
    #[must_use]
    pub fn of(status: &Status) -> Option<Self> {
        std::error::Error::source(status)?
            .downcast_ref::<Self>()
            .copied()
    }
}

impl From<OverLimit> for Status {
    fn from(over: OverLimit) -> Self {
        let mut status = Self::resource_exhausted(over.to_string());
        status.set_source(Arc::new(over));
        status
    }
}

/// Remembers the first message that was too long to send: by the time the call fails, HTTP/2 only says that it was cut.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    limit: usize,
    sent: Arc<OnceLock<usize>>,
}

impl Watch {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            sent: Arc::default(),
        }
    }

    /// Notes a message on its way out.
    pub(super) fn sent(&self, length: usize) {
        if length > self.limit {
            // Only the first one counts: the call ends there.
            let _ = self.sent.set(length);
        }
    }

    /// The status with the true cause in place of its consequence.
    pub(super) fn explain(&self, status: Status) -> Status {
        if let Some(&found) = self.sent.get() {
            return OverLimit {
                direction: Direction::Sent,
                found,
                limit: self.limit,
            }
            .into();
        }
        match received(&status) {
            Some(found) => OverLimit {
                direction: Direction::Received,
                found,
                limit: self.limit,
            }
            .into(),
            None => status,
        }
    }
}

/// The length that tonic refused, which it says in words alone. A test holds the words.
fn received(status: &Status) -> Option<usize> {
    if status.code() != Code::OutOfRange {
        return None;
    }
    status
        .message()
        .strip_prefix("Error, decoded message length too large: found ")?
        .split(' ')
        .next()?
        .parse()
        .ok()
}
