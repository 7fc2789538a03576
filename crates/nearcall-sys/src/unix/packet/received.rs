//! A message that came, or why there is none.

use std::io;
use std::os::fd::OwnedFd;

/// A message that came.
#[derive(Debug)]
pub struct Received {
    /// Its length in bytes; 1 or more.
    pub length: usize,
    /// What it carried, each closed on `exec`.
    pub descriptors: Vec<OwnedFd>,
}

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// None has come yet.
    #[error("no message has come yet; wait for one")]
    Nothing,
    /// The peer has hung up.
    #[error("the peer has hung up")]
    Closed,
    /// It was longer than the buffer; what did not fit is lost.
    #[error(
        "expected a message of {most} bytes at most, found a longer one; the peer speaks another version"
    )]
    TooLong {
        /// The length of the buffer.
        most: usize,
    },
    /// It carried more descriptors than were expected. All of them are closed.
    #[error("expected {most} descriptors at most with a message, found more; they were closed")]
    TooManyDescriptors {
        /// How many were expected.
        most: usize,
    },
    /// The system failed.
    #[error("receiving a message failed")]
    System {
        /// What the system says.
        source: io::Error,
    },
}
