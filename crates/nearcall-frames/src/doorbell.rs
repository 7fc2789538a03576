//! How a sleeping reader is woken, and how each side learns that the other is gone.
//!
//! On Linux and macOS both are one socket, on Windows events and a handle of the other process. Whoever runs an event loop
//! watches the socket's descriptor, or the handles, and needs neither trait's waiting:
//! [`Reader::sleep`](crate::Reader::sleep) asks for a ring, and a ring makes the descriptor readable.

use std::fmt::Debug;
use std::time::Duration;

/// What came of ringing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    /// The reader will find it.
    Yes,
    /// There is no room for another ring. The reader has enough of them to wake up.
    Full,
    /// The reader has hung up.
    Gone,
}

/// The writer's side.
pub trait Doorbell: Debug + Send {
    /// Rings, without ever waiting.
    fn ring(&self) -> Rung;

    /// Whether the kernel says that the reader has hung up or died. A socket's implementation takes and drops some of what
    /// the reader has sent, so whoever listens to a reader does so on another one.
    fn is_gone(&self) -> bool;

    /// Lets the reader hear that its subscription has ended, while still hearing when it hangs up.
    fn end(&self);
}

/// What a reader hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The doorbell rang.
    Ring,
    /// Nothing, in the time given.
    Nothing,
    /// The server has hung up or died.
    Gone,
}

/// The reader's side.
pub trait Hearing: Debug + Send + Sync {
    /// Listens for at most `most`.
    fn hear(&self, most: Duration) -> Heard;
}

/// No doorbell: for readers that are woken through memory, and that live in the writer's process or end with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Doorbell for Silent {
    fn ring(&self) -> Rung {
        Rung::Yes
    }

    fn is_gone(&self) -> bool {
        false
    }

    fn end(&self) {}
}
