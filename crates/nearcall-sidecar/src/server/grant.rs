//! What a ticket will be good for, and what the client is told of it.

use std::sync::Arc;

use nearcall_frames::{Grant, Request};
use nearcall_proto::frames::v1 as wire;

use super::Shared;
use super::caller::Caller;
use super::channel::{Channel, Near, Proof, WhoReads};
use super::feed::Sends;
use super::handing::{self, To};
use super::lending::Borrower;
use super::tickets::Granted;
use super::way::Way;
use crate::limits::{CHUNK_BYTES_MAX, CREDIT_MAX, TICKET_LIFE};
use crate::status::Refused;
use crate::tier::Tier;
use crate::wire::write_policy;

/// A subscription that a caller asks for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) channel: &'a Arc<Channel>,
    pub(super) caller: &'a Caller,
    pub(super) request: Request,
    pub(super) proof: Proof,
}

type Answer = (Granted, wire::OpenResponse);

impl Asked<'_> {
    /// The subscription by that way, or inline where that turns out not to be.
    pub(super) async fn grant(&self, way: Way) -> Result<Answer, Refused> {
        let granted = match way {
            Way::Handed(to) => self.hand_over(to)?,
            Way::Lent(borrower) => Some(self.lend(&borrower)?),
            Way::File => self.write_to_file().await?,
            Way::Inline => None,
        };
        granted.map_or_else(|| self.send_bytes(), Ok)
    }

    /// What is known of the reader, if frames come to it so.
    pub(super) fn who(&self, tier: Tier) -> WhoReads {
        WhoReads {
            tier: Some(tier),
            pid: self.caller.pid(),
            proof: Some(self.proof.clone()),
            bell: None,
        }
    }

    fn hand_over(&self, to: To) -> Result<Option<Answer>, Refused> {
        let mut told = self.told(handing::TIER);
        let Some((granted, grant, region)) = to.subscribe(self, &mut told)? else {
            return Ok(None);
        };
        tell(&mut told, &grant);
        told.region = Some(region.told());
        Ok(Some((granted, told)))
    }

    fn lend(&self, borrower: &Borrower) -> Result<Answer, Refused> {
        let (near, mut told) = self.stream(Tier::Proc, self.request.pins)?;
        let region = near.region.told_at(borrower.path(&near.region.passed));
        told.region = Some(region.clone());
        Ok((Granted::Stream(Sends::References(region), near), told))
    }

    async fn write_to_file(&self) -> Result<Option<Answer>, Refused> {
        // Here one frame is held at a time, however many places the file has.
        let (near, mut told) = self.stream(Tier::File, 1)?;
        let (files, pins) = (&self.shared.filing, self.request.pins);
        let file = files.file(self.caller, &near, pins).await;
        let file = file.filter(|file| file.tell(&mut told).is_some());
        Ok(file.map(|file| (Granted::Stream(Sends::File(file), near), told)))
    }

    fn send_bytes(&self) -> Result<Answer, Refused> {
        // What goes inline is copied, so that one frame at a time is held here however many the reader keeps.
        let (near, told) = self.stream(Tier::Inline, 1)?;
        Ok((Granted::Stream(Sends::Bytes, near), told))
    }

    fn stream(&self, tier: Tier, pins: u32) -> Result<(Near, wire::OpenResponse), Refused> {
        let request = Request {
            pins,
            ..self.request
        };
        let (near, grant) = self.channel.subscribe_near(request, self.who(tier))?;
        let mut told = self.told(tier);
        tell(&mut told, &grant);
        told.region = Some(near.region.told());
        Ok((near, told))
    }

    fn told(&self, tier: Tier) -> wire::OpenResponse {
        wire::OpenResponse {
            tier: tier.wire().into(),
            ticket: self.proof.ticket.to_vec(),
            limits: Some(limits()),
            ..wire::OpenResponse::default()
        }
    }
}

fn tell(told: &mut wire::OpenResponse, grant: &Grant) {
    told.subscription = grant.id.number();
    told.policy = Some(write_policy(grant.policy));
    told.pins = grant.pins;
    told.first = grant.first;
}

fn limits() -> wire::Limits {
    let whole = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
    wire::Limits {
        ticket_ms: whole(TICKET_LIFE.as_millis()),
        credit_max: CREDIT_MAX,
        chunk_bytes: whole(CHUNK_BYTES_MAX as u128),
    }
}
