//! Sockets that keep messages apart and pass descriptors: Unix sockets of type `SOCK_SEQPACKET`, or of type `SOCK_STREAM`
//! with the length of each message in front of it where the system has no such type. See `unix(7)`, `unix(4)`.
//!
//! One such connection between a server and a reader of its frames does three things: it hands over descriptors, it is
//! the doorbell that wakes a sleeping reader, and its end tells the death of either side, because the kernel closes it.
//!
//! Nothing here waits on the peer but [`Socket::wait`], which has a bound: messages are sent and received without
//! blocking, whatever mode the peer has put the socket into.

mod received;

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

pub use super::credentials::Credentials;
pub use super::shared::packet::{Listener, Socket, connect, drop_sent, pair};
pub use received::{ReceiveError, Received};

/// Limit: descriptors that one message carries; a message that brings more is refused, and all of them closed.
pub const DESCRIPTORS_MAX: usize = 4;

/// Limit: connections that wait to be accepted.
pub const PACKET_BACKLOG: i32 = 128;

/// What came of ringing the doorbell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    /// The peer will find it.
    Yes,
    /// So many rings wait to be taken that there is no room for another: the peer is not listening, or is busy.
    Full,
    /// The peer has hung up.
    Gone,
}

/// The byte of a ring. Messages of one byte are rings; what else is said is longer.
pub const RING: u8 = 1;

/// Waits for one of what is wanted, for at most `most`, and answers what there is.
pub(super) fn ready(
    socket: BorrowedFd<'_>,
    wanted: PollFlags,
    most: Duration,
) -> io::Result<PollFlags> {
    let mut polled = [PollFd::from_borrowed_fd(socket, wanted)];
    let most = Timespec::try_from(most).ok();
    match poll(&mut polled, most.as_ref()) {
        Ok(_) => Ok(polled[0].revents()),
        // A signal ends the wait; the caller looks again and finds nothing.
        Err(Errno::INTR) => Ok(PollFlags::empty()),
        Err(errno) => Err(errno.into()),
    }
}
