//! The place of frames where the system has none yet: no channel of them is opened, so that none is held either.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use crate::abi::{nearcall_frame, nearcall_frames_info, nearcall_frames_options};
use crate::fault::Fault;
use crate::versioned::Place;

/// A channel of frames, which nobody has.
#[derive(Debug)]
pub(crate) struct FrameReader(Infallible);

/// A frame that C holds, which nobody has.
#[derive(Debug)]
pub(crate) struct Lease(Infallible);

impl FrameReader {
    pub(super) fn open(
        _channel: nearcall::Channel,
        _name: String,
        _options: &nearcall_frames_options,
    ) -> Result<Self, Fault> {
        Err(Fault::Unsupported("frames"))
    }

    pub(super) fn poll(&self) -> Result<Option<Arc<Lease>>, Fault> {
        match self.0 {}
    }

    pub(super) fn wait(&self, _until: Option<Instant>) -> Result<Arc<Lease>, Fault> {
        match self.0 {}
    }

    pub(super) fn info(&self) -> nearcall_frames_info {
        match self.0 {}
    }

    pub(super) fn close(&self) {
        match self.0 {}
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "as the function in whose place it stands"
)]
pub(super) fn hand_out(lease: Arc<Lease>, _place: &Place<nearcall_frame>) -> Result<(), Fault> {
    match lease.0 {}
}
