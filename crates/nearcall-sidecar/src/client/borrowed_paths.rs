//! Memory that a reference leads to, where it is opened by a path.

use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::Channel;
use nearcall_sys::memory::{ReadOnly, open_region};

use super::paths;
use super::view::ViewFault;
use crate::imp::borrowed;
use crate::tier::Tier;

/// How it comes so.
pub(super) const TIER: Tier = Tier::Proc;

/// Whether what is had whole is the client's own, so that the server need not be told.
pub(super) const IS_KEPT: bool = false;

/// Maps it, if it has `bytes` bytes and is safe to map.
pub(super) async fn map(
    _channel: &Channel,
    reference: &wire::FrameRef,
    bytes: usize,
) -> Result<ReadOnly, ViewFault> {
    let region = reference.region.as_ref();
    let memory = paths::open(region.map_or("", |region| &region.path))?;
    Ok(open_region(borrowed(&memory), bytes)?)
}
