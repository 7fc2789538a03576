//! Memory that a reference leads to, where a server puts handles into this process.

use std::io;

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use nearcall_sys::handover::take;

use crate::imp::Passed;
use crate::tier::Tier;

/// How it comes so.
pub(super) const TIER: Tier = Tier::Handle;

/// Whether what is had whole is the client's own, so that the server need not be told.
pub(super) const IS_KEPT: bool = true;

/// Asks the server for a handle. Its answer is waited for even where nobody waits for this: the handle would stay open.
pub(super) async fn borrow(channel: &Channel, reference: &wire::FrameRef) -> io::Result<Passed> {
    let mut client = FramesClient::new(channel.clone());
    let lease = reference.lease.clone();
    let asking = tokio::spawn(async move {
        let lent = client.lend(wire::LendRequest { lease }).await;
        let lent = lent.map_err(io::Error::other)?.into_inner();
        take(lent.handle)
            .map(Passed::from)
            .map_err(io::Error::other)
    });
    asking.await?
}
