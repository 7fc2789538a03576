//! Handing a channel's memory to a reader on Windows, and taking it: handles that are put into the reader's process, which
//! is told their numbers; or, where the system lets none be put there, names by which the reader opens the same things.
//!
//! An event is the reader's doorbell. Another is set by whoever leaves, and for those who are killed each side has a handle
//! of the other's process, by which the kernel tells.

mod bell;
mod ear;
mod taken;
mod told;

use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle};

use nearcall_sys::event::{Event, EventError};
use nearcall_sys::handover::TakeError;
use nearcall_sys::memory::OpenError;
use nearcall_sys::name::NameError;

pub use bell::Bell;
pub use ear::Ear;
pub use taken::Taken;
pub use told::{EventNames, Names, Numbers};

use crate::reader::AttachError;

/// One of [`Numbers`] or [`Names`], as an error names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// [`Numbers::region`].
    Region,
    /// [`Numbers::page`].
    Page,
    /// [`Numbers::ring`].
    Ring,
    /// [`Numbers::evicted`].
    Evicted,
    /// [`Numbers::left`].
    Left,
    /// [`Numbers::taken`].
    Taken,
    /// [`Numbers::server`].
    Server,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "the region",
            Self::Page => "the return page",
            Self::Ring => "the doorbell",
            Self::Evicted => "the event of being evicted",
            Self::Left => "the event of leaving",
            Self::Taken => "the event of having taken all",
            Self::Server => "the server's process",
        })
    }
}

/// Why a reader did not get a channel's memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandlesError {
    /// There is no such handle, or the server did not put it here.
    #[error("the server named a handle for {which} that is none of its own")]
    Take {
        /// Which.
        which: Which,
        /// Why.
        source: TakeError,
    },
    /// There is nothing of such a name that this process may use.
    #[error("what the server named for {which} is not to be had")]
    Named {
        /// Which.
        which: Which,
        /// Why.
        source: NameError,
    },
    /// The memory is not safe to map.
    #[error("what the server gave for {which} is not safe to map")]
    Open {
        /// Which.
        which: Which,
        /// Why.
        source: OpenError,
    },
    /// It is no event.
    #[error("what the server gave for {which} is none")]
    Event {
        /// Which.
        which: Which,
        /// Why.
        source: EventError,
    },
    /// It is no process.
    #[error("expected a handle of the server's process, found another; it is of another version")]
    Server,
    /// This user may not wait for the end of the server's process.
    #[error("the server's process, {pid}, cannot be waited for")]
    Process {
        /// What the server said that it is.
        pid: u32,
        /// What the system says.
        source: io::Error,
    },
    /// The memory is not the channel.
    #[error("what the server gave is not the channel")]
    Attach(#[from] AttachError),
    /// The server cannot be told.
    #[error("telling the server failed")]
    System(#[from] io::Error),
}

/// The event of leaving, set when this is dropped.
#[derive(Debug)]
struct Leaving(Event);

impl AsHandle for Leaving {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // It cannot fail: the event is good for this on either side.
        let _ = self.0.set();
    }
}
