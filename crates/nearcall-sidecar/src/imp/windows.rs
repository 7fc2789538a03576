//! Handles, and users by their security identifier.

use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};
use std::sync::Arc;

use nearcall_transport::Peer;

use crate::tier::Tier;

pub(crate) const TIERS: [Tier; 2] = [Tier::Handle, Tier::Inline];

pub(crate) const USUAL_TIERS: [Tier; 2] = TIERS;

/// What stands for memory and is passed on.
pub(crate) type Passed = OwnedHandle;

/// To look at it.
pub(crate) fn borrowed(passed: &Passed) -> BorrowedHandle<'_> {
    passed.as_handle()
}

/// A user, as the system tells them apart.
pub(crate) type User = Arc<str>;

/// Whose process a peer is.
pub(crate) fn user_of(peer: &Peer) -> Option<User> {
    peer.sid.clone()
}
