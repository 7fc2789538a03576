//! Descriptors, and users by their number.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use nearcall_transport::Peer;

/// What stands for memory and is passed on.
pub(crate) type Passed = OwnedFd;

/// To look at it.
pub(crate) fn borrowed(passed: &Passed) -> BorrowedFd<'_> {
    passed.as_fd()
}

/// A user, as the system tells them apart.
pub(crate) type User = u32;

/// Whose process a peer is.
pub(crate) fn user_of(peer: &Peer) -> Option<User> {
    peer.uid
}
