//! Memory that a reference leads to, where a server puts handles into this process or says a name.

use std::io;

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use nearcall_sys::handover::take;
use nearcall_sys::memory::open_region;
use nearcall_sys::name::Use;

use super::view::{Borrowed, ViewFault};
use crate::imp::{Passed, borrowed};
use crate::tier::Tier;

/// How it comes so.
pub(super) const TIER: Tier = Tier::Handle;

/// Asks the server for a handle or a name and maps what it leads to, if it has `bytes` bytes and is safe to map. The answer is waited for even
/// where nobody waits for this: the handle would stay open.
pub(super) async fn map(
    channel: &Channel,
    reference: &wire::FrameRef,
    bytes: usize,
) -> Result<Borrowed, ViewFault> {
    let mut client = FramesClient::new(channel.clone());
    let lease = reference.lease.clone();
    let asking = tokio::spawn(async move {
        let lent = client.lend(wire::LendRequest { lease }).await;
        let lent = lent.map_err(io::Error::other)?.into_inner();
        if lent.name.is_empty() {
            take(lent.handle)
                .map(Passed::from)
                .map_err(io::Error::other)
        } else {
            Passed::open(&lent.name, Use::Read).map_err(io::Error::other)
        }
    });
    let memory = asking.await.map_err(io::Error::from)??;
    Ok(Borrowed {
        view: open_region(borrowed(&memory), bytes)?,
        // A server lets go of what it put into this process.
        is_kept: memory.name().is_none(),
    })
}
