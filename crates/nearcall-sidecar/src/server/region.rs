//! The memory of a channel, as long as anyone needs it.

#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use nearcall_frames::{Geometry, Identity};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::memory::{ReadOnly, Writable, make_region, open_region};

use super::ChannelError;
use crate::passed::{Passed, borrowed};
use crate::wire::write_region;

/// A region, made and sealed by this process.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) identity: Identity,
    pub(super) geometry: Geometry,
    /// For readers within this process, which send on what they read.
    pub(super) view: Arc<ReadOnly>,
    pub(super) passed: Passed,
}

impl Region {
    /// Makes it; what can write it is for the one who does.
    pub(super) fn make(
        name: &str,
        identity: Identity,
        geometry: Geometry,
    ) -> Result<(Self, Writable), ChannelError> {
        let bytes = geometry.region_bytes();
        let (memory, passed) = make_region(&format!("nearcall-frames:{name}"), bytes)?;
        let view = open_region(borrowed(&passed), bytes)?;
        let region = Self {
            identity,
            geometry,
            view: Arc::new(view),
            passed,
        };
        Ok((region, memory))
    }

    /// As a client is told of it that opens no path.
    pub(super) fn told(&self) -> wire::Region {
        write_region(self.identity, &self.geometry, String::new())
    }

    /// As a client is told of it that opens it by a path.
    #[cfg(target_os = "linux")]
    pub(super) fn told_with_path(&self) -> wire::Region {
        write_region(self.identity, &self.geometry, path_of(&self.passed))
    }
}

/// Where a process of the same user opens what a descriptor of this process leads to.
#[cfg(target_os = "linux")]
pub(super) fn path_of(descriptor: &Passed) -> String {
    let (pid, number) = (std::process::id(), descriptor.as_raw_fd());
    format!("/proc/{pid}/fd/{number}")
}
