//! Handles and names, and users by their security identifier.

use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};
use std::sync::Arc;

use nearcall_sys::memory::{
    self, Copied, MakeError, ReadOnly, Writable, make_named_region, make_named_return_page,
    make_named_upload,
};
use nearcall_sys::name::{self, Name, NameError, Use};
use nearcall_transport::Peer;

use crate::tier::Tier;

pub(crate) const TIERS: [Tier; 2] = [Tier::Handle, Tier::Inline];

pub(crate) const USUAL_TIERS: [Tier; 2] = TIERS;

/// What stands for memory and is passed on: a handle, and the name by which it is opened where no handle can be passed.
#[derive(Debug)]
pub(crate) struct Passed {
    handle: OwnedHandle,
    /// None where the system let it have none.
    name: Option<Name>,
}

impl Passed {
    /// What another process made under the name that a text is.
    pub(crate) fn open(text: &str, good_for: Use) -> Result<Self, NameError> {
        let name = Name::parse(text)?;
        let handle = name::open(&name, good_for)?;
        let name = Some(name);
        Ok(Self { handle, name })
    }

    /// The name, for as long as a handle is open.
    pub(crate) fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }
}

impl From<OwnedHandle> for Passed {
    fn from(handle: OwnedHandle) -> Self {
        Self { handle, name: None }
    }
}

impl From<Passed> for OwnedHandle {
    fn from(passed: Passed) -> Self {
        passed.handle
    }
}

/// To look at it.
pub(crate) fn borrowed(passed: &Passed) -> BorrowedHandle<'_> {
    passed.handle.as_handle()
}

/// As [`memory::make_region`].
pub(crate) fn make_region(name: &str, bytes: usize) -> Result<(Writable, Passed), MakeError> {
    named(
        |name| make_named_region(name, bytes),
        || memory::make_region(name, bytes),
    )
}

/// As [`memory::make_return_page`].
pub(crate) fn make_return_page(name: &str) -> Result<(ReadOnly, Passed), MakeError> {
    named(make_named_return_page, || memory::make_return_page(name))
}

/// As [`memory::make_upload`].
pub(crate) fn make_upload(name: &str, bytes: usize) -> Result<(Copied, Passed), MakeError> {
    named(
        |name| make_named_upload(name, bytes),
        || memory::make_upload(name, bytes),
    )
}

/// Makes memory under a name, since it gets none later; where the system lets it have none, without: handles still do.
fn named<M>(
    under: impl FnOnce(&Name) -> Result<(M, OwnedHandle), MakeError>,
    without: impl FnOnce() -> Result<(M, OwnedHandle), MakeError>,
) -> Result<(M, Passed), MakeError> {
    let under_one = |name: Name| {
        let made = under(&name);
        let made = made
            .inspect_err(|error| tracing::debug!(%error, "memory has no name"))
            .ok()?;
        Some((made, Some(name)))
    };
    let ((memory, handle), name) = match Name::random().ok().and_then(under_one) {
        Some(made) => made,
        None => (without()?, None),
    };
    Ok((memory, Passed { handle, name }))
}

/// A user, as the system tells them apart.
pub(crate) type User = Arc<str>;

/// Whose process a peer is.
pub(crate) fn user_of(peer: &Peer) -> Option<User> {
    peer.sid.clone()
}
