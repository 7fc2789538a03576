//! Where frames do not go by files.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use nearcall_frames::{Lease, Slot};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::memory::ReadOnly;

use super::caller::Caller;
use super::channel::Near;

/// Whether frames may go by files.
#[derive(Debug, Default)]
pub(super) struct Filing(());

/// A file that frames are copied to.
#[derive(Debug)]
pub(super) struct FrameFile(Infallible);

impl Filing {
    pub(super) fn is_allowed(&self) -> bool {
        false
    }

    /// There is none.
    pub(super) async fn file(
        &self,
        _caller: &Caller,
        _near: &Near,
        _pins: u32,
    ) -> Option<FrameFile> {
        None
    }
}

impl FrameFile {
    pub(super) fn tell(&self, _told: &mut wire::OpenResponse) -> Option<()> {
        match self.0 {}
    }

    pub(super) fn is_full(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn give_back(&mut self, _slot: Slot) {
        match self.0 {}
    }

    pub(super) async fn write(
        &mut self,
        _lease: Lease<Arc<ReadOnly>>,
    ) -> io::Result<(wire::FrameRef, Slot)> {
        match self.0 {}
    }
}
