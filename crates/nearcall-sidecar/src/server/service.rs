//! The gRPC service: from messages to channels and back.

use std::sync::Arc;

#[cfg(target_os = "linux")]
use nearcall_frames::Lease;
use nearcall_frames::{Policy, Request, SubscriptionId};
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_server;
use nearcall_rpc::Session;
#[cfg(target_os = "linux")]
use nearcall_sys::memory::ReadOnly;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, async_trait};
use wire::subscribe_request::Request as Said;

use super::Shared;
#[cfg(target_os = "linux")]
use super::bell::FarBell;
use super::caller::Caller;
use super::channel::{Channel, Proof, WhoReads};
use super::feed::{Feed, Sends};
#[cfg(target_os = "linux")]
use super::frame_file::FrameFile;
#[cfg(windows)]
use super::handed;
#[cfg(target_os = "linux")]
use super::leases::Leases;
#[cfg(target_os = "linux")]
use super::region::Region;
use super::tickets::{Granted, Holder, secret};
use super::uploads::Uploads;
use crate::limits::{
    CHUNK_BYTES_MAX, CREDIT_MAX, INLINE_BELOW, PINS, POLLED_BYTES_MAX, QUEUED_MESSAGES_MAX,
    TICKET_LIFE,
};
use crate::status::Refused;
use crate::tier::Tier;
use crate::wire::{read_policy, write_info, write_policy};

/// Answers for the channels of one [`Frames`](super::Frames).
#[derive(Debug)]
pub struct Service {
    shared: Arc<Shared>,
}

impl Service {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What a ticket will be good for, and what the client is told of it.
    fn grant(
        channel: &Arc<Channel>,
        tier: Tier,
        asked: Request,
        caller: &Caller,
        proof: &Proof,
    ) -> Result<(Granted, wire::OpenResponse), Refused> {
        let who = WhoReads {
            tier: Some(tier),
            pid: caller.pid(),
            proof: Some(proof.clone()),
            bell: None,
        };
        // What goes inline or by a file is copied, so that one frame at a time is held here however many the reader keeps.
        let pins = if matches!(tier, Tier::Inline | Tier::File) {
            1
        } else {
            asked.pins
        };
        let request = Request { pins, ..asked };
        let mut told = wire::OpenResponse {
            tier: tier.wire().into(),
            ticket: proof.ticket.to_vec(),
            limits: Some(limits()),
            ..wire::OpenResponse::default()
        };
        let (granted, grant, region) = match tier {
            #[cfg(target_os = "linux")]
            Tier::Broker => {
                let far = channel.subscribe_far(FarBell::default(), request, who)?;
                let (grant, region) = (far.grant, Arc::clone(&far.region));
                (Granted::Memory(far), grant, region)
            }
            #[cfg(windows)]
            Tier::Handle => {
                let Some((far, handles)) = handed::hand(channel, caller, request, who)? else {
                    return Self::grant(channel, Tier::Inline, asked, caller, proof);
                };
                told.handles = Some(handles);
                let (grant, region) = (far.grant, Arc::clone(&far.region));
                (Granted::Memory(far), grant, region)
            }
            _ => {
                let (near, grant) = channel.subscribe_near(request, who)?;
                let region = Arc::clone(&near.region);
                (Granted::Stream(Sends::by(tier), near), grant, region)
            }
        };
        told.region = Some(match tier {
            #[cfg(target_os = "linux")]
            Tier::Proc => region.told_with_path(),
            _ => region.told(),
        });
        told.subscription = grant.id.number();
        told.policy = Some(write_policy(grant.policy));
        told.pins = grant.pins;
        told.first = grant.first;
        Ok((granted, told))
    }

    async fn open_channel(
        &self,
        caller: &Caller,
        request: &wire::OpenRequest,
    ) -> Result<wire::OpenResponse, Refused> {
        let holder = Holder::of(caller);
        self.shared.tickets.give_back(&request.instead_of, &holder);
        let channel = self.shared.find(&request.channel)?;
        let policy = policy(request.policy)?;
        let pins = if request.pins == 0 {
            PINS
        } else {
            request.pins
        };
        // Before memory is made for a ticket that there is no room for.
        if !self.shared.tickets.has_room() {
            return Err(Refused::Tickets);
        }
        let payload_bytes = channel.core().region.geometry.payload_bytes();
        let inline = (payload_bytes as u64) < request.inline_below.unwrap_or(INLINE_BELOW);
        let ticket = secret()?;
        let user = caller.user();
        let proof = Proof { ticket, user };
        let asked = Request { policy, pins };
        #[cfg(target_os = "linux")]
        let (granted, told) = {
            let (tier, broker) = if inline {
                (Tier::Inline, None)
            } else {
                self.shared.way(caller, request.tiers())
            };
            let (mut granted, mut told) = Self::grant(&channel, tier, asked, caller, &proof)?;
            if tier == Tier::File {
                (granted, told) = match self.with_file(caller, granted, told, pins).await {
                    Some(with_file) => with_file,
                    None => Self::grant(&channel, Tier::Inline, asked, caller, &proof)?,
                };
            }
            if tier == Tier::Broker {
                told.broker_path = broker.unwrap_or_default();
            }
            (granted, told)
        };
        #[cfg(windows)]
        let (granted, told) = {
            let tier = if inline {
                Tier::Inline
            } else {
                Shared::way(caller, request.tiers())
            };
            Self::grant(&channel, tier, asked, caller, &proof)?
        };
        #[cfg(windows)]
        handed::watch(&self.shared, ticket, &holder, &granted);
        let tickets = &self.shared.tickets;
        tickets.issue(&self.shared, ticket, holder, granted)?;
        Ok(told)
    }

    /// A subscription whose frames go by a file; none where there is none to be had.
    #[cfg(target_os = "linux")]
    async fn with_file(
        &self,
        caller: &Caller,
        granted: Granted,
        mut told: wire::OpenResponse,
        pins: u32,
    ) -> Option<(Granted, wire::OpenResponse)> {
        let Granted::Stream(_, near) = granted else {
            return None;
        };
        let files = Arc::clone(self.shared.files.get()?);
        let session = caller.session.clone()?;
        let (identity, channel) = (near.region.identity, near.region.geometry);
        // Making it has the system find room, which takes as long as there is much.
        let made = tokio::task::spawn_blocking(move || {
            FrameFile::make(&files, &session, identity, channel, pins)
        });
        let file = made.await.ok()?;
        let file = file
            .inspect_err(|error| tracing::warn!(%error, "frames go inline, not by a file"))
            .ok()?;
        told.region = Some(file.told());
        told.pins = file.geometry().slots();
        told.file_path = file.path().to_str()?.to_owned();
        Some((Granted::Stream(Sends::File(file), near), told))
    }

    fn latest(
        &self,
        caller: &Caller,
        request: &wire::AcquireLatestRequest,
    ) -> Result<wire::AcquireLatestResponse, Refused> {
        let channel = self.shared.find(&request.channel)?;
        let policy = Policy::Latest;
        let asked = Request { policy, pins: 1 };
        let pid = caller.pid();
        let who = WhoReads {
            pid,
            ..WhoReads::default()
        };
        let (mut near, _) = channel.subscribe_near(asked, who)?;
        let epoch = self.shared.epoch;
        let newest = near.reader.newest().map_err(Refused::Next)?;
        let Some(lease) =
            newest.filter(|lease| request.epoch != epoch || lease.seq() > request.after)
        else {
            return Ok(wire::AcquireLatestResponse { frame: None, epoch });
        };
        let info = Some(write_info(lease.info()));
        let length = lease.len();
        let content = match &caller.session {
            #[cfg(target_os = "linux")]
            Some(session) if request.can_map && caller.is_this_user() && !self.shared.sealed => {
                let frame = reference(&near.region, &lease, Vec::new());
                let secret = Leases::keep(&self.shared, session, near, lease)?;
                wire::bulk::Content::Frame(wire::FrameRef {
                    lease: secret.to_vec(),
                    ..frame
                })
            }
            _ if length > POLLED_BYTES_MAX => return Err(Refused::TooLarge { length }),
            _ => wire::bulk::Content::Inline(lease.to_vec()),
        };
        let frame = wire::Frame {
            info,
            length: length as u64,
            body: Some(wire::Bulk {
                content: Some(content),
            }),
        };
        Ok(wire::AcquireLatestResponse {
            frame: Some(frame),
            epoch,
        })
    }
}

#[async_trait]
impl frames_server::Frames for Service {
    async fn list(
        &self,
        _request: tonic::Request<wire::ListRequest>,
    ) -> Result<tonic::Response<wire::ListResponse>, Status> {
        let channels = self.shared.all();
        let channels = channels.iter().map(|channel| channel.told()).collect();
        Ok(tonic::Response::new(wire::ListResponse { channels }))
    }

    async fn open(
        &self,
        request: tonic::Request<wire::OpenRequest>,
    ) -> Result<tonic::Response<wire::OpenResponse>, Status> {
        let caller = Caller::of(&request);
        let opened = self.open_channel(&caller, request.get_ref()).await?;
        Ok(tonic::Response::new(opened))
    }

    type SubscribeStream = ReceiverStream<Result<wire::SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        request: tonic::Request<Streaming<wire::SubscribeRequest>>,
    ) -> Result<tonic::Response<Self::SubscribeStream>, Status> {
        let caller = Caller::of(&request);
        let mut up = request.into_inner();
        let said = up.message().await?.and_then(|message| message.request);
        let Some(Said::Start(start)) = said else {
            return Err(Refused::Stream {
                expected: "a start, with the ticket that Open gave",
                found: "something else",
            }
            .into());
        };
        let user = caller.user();
        let granted = self.shared.tickets.take(&start.ticket, user.as_ref());
        let Ok(Granted::Stream(sends, near)) = granted else {
            return Err(Refused::Ticket.into());
        };
        let (down, answers) = mpsc::channel(QUEUED_MESSAGES_MAX);
        let feed = Feed::new(sends, near, start.credit, down);
        tokio::spawn(feed.run(up, ends(caller.session)));
        Ok(tonic::Response::new(ReceiverStream::new(answers)))
    }

    async fn acquire_latest(
        &self,
        request: tonic::Request<wire::AcquireLatestRequest>,
    ) -> Result<tonic::Response<wire::AcquireLatestResponse>, Status> {
        let caller = Caller::of(&request);
        let latest = self.latest(&caller, request.get_ref())?;
        Ok(tonic::Response::new(latest))
    }

    async fn release(
        &self,
        request: tonic::Request<wire::ReleaseRequest>,
    ) -> Result<tonic::Response<wire::ReleaseResponse>, Status> {
        // Nothing is held that is let go of so.
        #[cfg(windows)]
        drop(request);
        #[cfg(target_os = "linux")]
        if let Some(session) = Caller::of(&request).session {
            let lease = &request.get_ref().lease;
            self.shared.leases.let_go(lease, &session);
            self.shared.bulk.let_go(lease, &session);
        }
        Ok(tonic::Response::new(wire::ReleaseResponse {}))
    }

    async fn set_policy(
        &self,
        request: tonic::Request<wire::SetPolicyRequest>,
    ) -> Result<tonic::Response<wire::SetPolicyResponse>, Status> {
        let user = Caller::of(&request).user();
        let request = request.into_inner();
        let channel = self.shared.find(&request.channel)?;
        let policy = policy(request.policy)?;
        let ticket = request.ticket.try_into().map_err(|_| Refused::NotTheirs)?;
        let id = SubscriptionId::new(request.subscription);
        channel.set_policy(id, &Proof { ticket, user }, policy)?;
        let policy = Some(write_policy(policy));
        Ok(tonic::Response::new(wire::SetPolicyResponse { policy }))
    }

    async fn open_upload(
        &self,
        request: tonic::Request<wire::OpenUploadRequest>,
    ) -> Result<tonic::Response<wire::OpenUploadResponse>, Status> {
        let caller = Caller::of(&request);
        let opened = Uploads::open(&self.shared, &caller, &request.into_inner())?;
        Ok(tonic::Response::new(opened))
    }

    async fn stats(
        &self,
        request: tonic::Request<wire::StatsRequest>,
    ) -> Result<tonic::Response<wire::StatsResponse>, Status> {
        let channel = self.shared.find(&request.get_ref().channel)?;
        Ok(tonic::Response::new(channel.stats()))
    }
}

/// Done when streams over a connection end though nobody asked: with the connection, or with the server.
async fn ends(session: Option<Session>) -> Status {
    let Some(session) = session else {
        return std::future::pending().await;
    };
    tokio::select! {
        () = session.ended() => Status::cancelled("the connection ended"),
        () = session.server_stops() => {
            nearcall_rpc::Reason::Draining.status("the server is stopping")
        }
    }
}

fn policy(asked: Option<wire::Policy>) -> Result<Policy, Refused> {
    read_policy(asked).ok_or_else(|| Refused::Policy {
        found: format!("{asked:?}"),
    })
}

/// Where a frame is.
#[cfg(target_os = "linux")]
pub(super) fn reference(
    region: &Region,
    lease: &Lease<Arc<ReadOnly>>,
    secret: Vec<u8>,
) -> wire::FrameRef {
    wire::FrameRef {
        region: Some(region.told_with_path()),
        seq: lease.seq(),
        offset: lease.offset() as u64,
        length: lease.len() as u64,
        lease: secret,
    }
}

fn limits() -> wire::Limits {
    let whole = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
    wire::Limits {
        ticket_ms: whole(TICKET_LIFE.as_millis()),
        credit_max: CREDIT_MAX,
        chunk_bytes: whole(CHUNK_BYTES_MAX as u128),
    }
}
