//! The memory of a channel, as long as anyone needs it.

use std::sync::Arc;

use nearcall_frames::{Geometry, Identity};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::memory::{ReadOnly, Writable, make_region, open_region};

use super::ChannelError;
use crate::imp::{Passed, borrowed};
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
        self.told_at(String::new())
    }

    /// As a client is told of it that opens it by a path.
    pub(super) fn told_at(&self, path: String) -> wire::Region {
        write_region(self.identity, &self.geometry, path)
    }
}
