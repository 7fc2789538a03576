//! Memory that a reference leads to, where a server puts handles into this process.

use std::io;
use std::os::windows::io::AsHandle as _;

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use nearcall_sys::handover::take;
use nearcall_sys::memory::{ReadOnly, open_region};

use super::view::ViewFault;
use crate::tier::Tier;

/// How it comes so.
pub(super) const TIER: Tier = Tier::Handle;

/// Whether what is had whole is the client's own, so that the server need not be told.
pub(super) const IS_KEPT: bool = true;

/// Asks the server for a handle and maps it, if it has `bytes` bytes and is safe to map. The answer is waited for even
/// where nobody waits for this: the handle would stay open.
pub(super) async fn map(
    channel: &Channel,
    reference: &wire::FrameRef,
    bytes: usize,
) -> Result<ReadOnly, ViewFault> {
    let mut client = FramesClient::new(channel.clone());
    let lease = reference.lease.clone();
    let asking = tokio::spawn(async move {
        let lent = client.lend(wire::LendRequest { lease }).await;
        let lent = lent.map_err(io::Error::other)?.into_inner();
        take(lent.handle).map_err(io::Error::other)
    });
    let memory = asking.await.map_err(io::Error::from)??;
    Ok(open_region(memory.as_handle(), bytes)?)
}
