//! Memory that is handed over at a socket beside the server's own: the broker.

mod bell;
mod claims;
mod upload;

use std::sync::Arc;

use nearcall_frames::Grant;
use nearcall_proto::frames::v1 as wire;
use nearcall_transport::Transport;

pub(super) use bell::FarBell;
pub(super) use claims::Brokers as Handing;

use super::Shared;
use super::caller::Caller;
use super::channel::Far;
use super::grant::Asked;
use super::region::Region;
use super::tickets::{self, Granted, Holder, Secret};
use super::uploads::Held;
use crate::imp::Passed;
use crate::status::Refused;
use crate::tier::Tier;
use upload::Claimable;

/// As a client is told of it.
pub(super) const TIER: Tier = Tier::Broker;

/// What a ticket is good for at the broker.
#[derive(Debug)]
pub(super) enum Handed {
    /// The memory of a channel.
    Frames(Far),
    /// Memory to fill.
    Upload(Claimable),
}

/// A caller that memory can be handed over to: the broker's path, which it is told.
#[derive(Debug)]
pub(super) struct To(String);

impl Handing {
    /// None where nobody says who the caller is, or its socket has no folder: whoever comes over a network is told no path.
    pub(super) fn to(&self, shared: &Arc<Shared>, caller: &Caller) -> Option<To> {
        let peer = caller.peer.as_ref()?;
        if peer.transport != Transport::Unix || peer.uid.is_none() {
            return None;
        }
        let path = self.beside(caller.session.as_ref()?, shared)?;
        // A path with bytes that are no text cannot be told.
        path.to_str().map(|path| To(path.to_owned()))
    }
}

impl To {
    /// Subscribes the caller, which comes with its ticket for the memory.
    pub(super) fn subscribe(
        self,
        asked: &Asked<'_>,
        told: &mut wire::OpenResponse,
    ) -> Result<Option<(Granted, Grant, Arc<Region>)>, Refused> {
        let (request, who) = (asked.request, asked.who(TIER));
        let far = asked
            .channel
            .subscribe_far(FarBell::default(), request, who)?;
        let (grant, region) = (far.grant, Arc::clone(&far.region));
        told.broker_path = self.0;
        Ok(Some((Granted::Memory(Handed::Frames(far)), grant, region)))
    }

    /// Keeps the memory of an upload for the caller, which comes with a ticket for it. Whether that can be: always.
    pub(super) fn give_upload(
        self,
        shared: &Arc<Shared>,
        caller: &Caller,
        upload: Secret,
        memory: Passed,
        told: &mut wire::OpenUploadResponse,
    ) -> Result<bool, Refused> {
        let claimable = Claimable {
            epoch: shared.epoch,
            number: told.number,
            memory,
            held: Held::new(shared, upload),
        };
        let (ticket, holder) = (tickets::secret()?, Holder::of(caller));
        let granted = Granted::Memory(Handed::Upload(claimable));
        shared.tickets.issue(shared, ticket, holder, granted)?;
        told.ticket = ticket.to_vec();
        told.broker_path = self.0;
        Ok(true)
    }
}
