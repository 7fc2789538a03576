//! The memory of a channel, as long as anyone needs it.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use nearcall_frames::{Geometry, Identity};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::memory::{ReadOnly, Writable, make_region, open_region};

use super::ChannelError;
use crate::wire::write_region;

/// A region, made and sealed by this process.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) identity: Identity,
    pub(super) geometry: Geometry,
    /// For readers within this process, which send on what they read.
    pub(super) view: Arc<ReadOnly>,
    pub(super) descriptor: OwnedFd,
}

impl Region {
    /// Makes it; what can write it is for the one who does.
    pub(super) fn make(
        name: &str,
        identity: Identity,
        geometry: Geometry,
    ) -> Result<(Self, Writable), ChannelError> {
        let bytes = geometry.region_bytes();
        let (memory, descriptor) = make_region(&format!("nearcall-frames:{name}"), bytes)?;
        let view = open_region(descriptor.as_fd(), bytes)?;
        let region = Self {
            identity,
            geometry,
            view: Arc::new(view),
            descriptor,
        };
        Ok((region, memory))
    }

    /// As a client is told of it, with the path or without.
    pub(super) fn told(&self, with_path: bool) -> wire::Region {
        let path = if with_path {
            path_of(&self.descriptor)
        } else {
            String::new()
        };
        write_region(self.identity, &self.geometry, path)
    }
}

/// Where a process of the same user opens what a descriptor of this process leads to.
pub(super) fn path_of(descriptor: &OwnedFd) -> String {
    let (pid, number) = (std::process::id(), descriptor.as_raw_fd());
    format!("/proc/{pid}/fd/{number}")
}
