//! Memory that a reference leads to, where it is opened by a path.

use std::io;

use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::Channel;

use super::paths;
use crate::imp::Passed;
use crate::tier::Tier;

/// How it comes so.
pub(super) const TIER: Tier = Tier::Proc;

/// Whether what is had whole is the client's own, so that the server need not be told.
pub(super) const fn is_kept(_memory: &Passed) -> bool {
    false
}

/// Opens it.
pub(super) async fn borrow(_channel: &Channel, reference: &wire::FrameRef) -> io::Result<Passed> {
    let region = reference.region.as_ref();
    paths::open(region.map_or("", |region| &region.path))
}
