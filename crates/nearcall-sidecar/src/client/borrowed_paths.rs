//! Memory that a reference leads to, where it is opened by a path.

use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::Channel;
use nearcall_sys::memory::open_region;

use super::paths;
use super::view::{Borrowed, ViewFault};
use crate::imp::borrowed;
use crate::tier::Tier;

/// How it comes so.
pub(super) const TIER: Tier = Tier::Proc;

/// Maps it, if it has `bytes` bytes and is safe to map.
pub(super) async fn map(
    _channel: &Channel,
    reference: &wire::FrameRef,
    bytes: usize,
) -> Result<Borrowed, ViewFault> {
    let region = reference.region.as_ref();
    let memory = paths::open(region.map_or("", |region| &region.path))?;
    Ok(Borrowed {
        view: open_region(borrowed(&memory), bytes)?,
        is_kept: false,
    })
}
