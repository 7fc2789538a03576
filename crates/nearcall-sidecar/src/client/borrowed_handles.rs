//! Memory that a reference leads to, where a server puts handles into this process or says a name.

use std::io;

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use nearcall_sys::handover::take;
use nearcall_sys::name::Use;

use crate::imp::Passed;
use crate::tier::Tier;

/// How it comes so.
pub(super) const TIER: Tier = Tier::Handle;

/// Whether what is had whole is the client's own, so that the server need not be told.
pub(super) fn is_kept(memory: &Passed) -> bool {
    memory.name().is_none()
}

/// Asks the server for a handle. Its answer is waited for even where nobody waits for this: the handle would stay open.
pub(super) async fn borrow(channel: &Channel, reference: &wire::FrameRef) -> io::Result<Passed> {
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
    asking.await?
}
