//! The gRPC service: from messages to channels and back.

use std::sync::Arc;

use nearcall_frames::{Lease, Policy, Request, SubscriptionId};
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_server;
use nearcall_rpc::Session;
use nearcall_sys::memory::ReadOnly;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, async_trait};
use wire::subscribe_request::Request as Said;

use super::Shared;
use super::caller::Caller;
use super::channel::{Proof, WhoReads};
use super::feed::Feed;
use super::grant::Asked;
use super::leases::Leases;
use super::lending::Borrower;
use super::tickets::{Granted, Holder, secret};
use super::uploads::Uploads;
use super::way::Way;
use crate::imp::Passed;
use crate::limits::{INLINE_BELOW, PINS, POLLED_BYTES_MAX, QUEUED_MESSAGES_MAX};
use crate::status::Refused;
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
        let way = if inline {
            Way::Inline
        } else {
            Way::to(&self.shared, caller, request.tiers())
        };
        let asked = Asked {
            shared: &self.shared,
            channel: &channel,
            caller,
            request: Request { policy, pins },
            proof: Proof { ticket, user },
        };
        let (granted, told) = asked.grant(way).await?;
        let tickets = &self.shared.tickets;
        tickets.issue(&self.shared, ticket, holder, granted)?;
        Ok(told)
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
        let identity = near.region.identity;
        let same = |after_in: &wire::Region| {
            (after_in.channel, after_in.region) == (identity.channel, identity.region)
        };
        let counts = request.epoch == epoch && request.after_in.as_ref().is_none_or(same);
        let mut told = wire::AcquireLatestResponse {
            frame: None,
            epoch,
            region: Some(near.region.told()),
        };
        let Some(lease) = newest.filter(|lease| !counts || lease.seq() > request.after) else {
            return Ok(told);
        };
        let info = Some(write_info(lease.info()));
        let length = lease.len();
        let borrower = Borrower::of(&self.shared, caller).filter(|_| request.can_map);
        let content = match borrower.zip(caller.session.as_ref()) {
            Some((borrower, session)) => {
                let region = near.region.told_at(borrower.path(&near.region.passed));
                let frame = reference(region, &lease);
                let secret = Leases::keep(&self.shared, session, near, lease)?;
                wire::bulk::Content::Frame(wire::FrameRef {
                    lease: secret.to_vec(),
                    ..frame
                })
            }
            None if length > POLLED_BYTES_MAX => return Err(Refused::TooLarge { length }),
            None => wire::bulk::Content::Inline(lease.to_vec()),
        };
        told.frame = Some(wire::Frame {
            info,
            length: length as u64,
            body: Some(wire::Bulk {
                content: Some(content),
            }),
        });
        Ok(told)
    }

    /// Puts a handle of memory that a caller holds a reference into in its process. What is lent whole is its own by that.
    fn hand_out(&self, caller: &Caller, lease: &[u8]) -> Result<wire::LendResponse, Refused> {
        let session = caller.session.as_ref().ok_or(Refused::Lease)?;
        let (frames, bulk) = (&self.shared.leases, &self.shared.bulk);
        let give = |memory: &Passed| {
            let borrower = Borrower::of(&self.shared, caller);
            let borrower = borrower.ok_or_else(|| Refused::Lend("it takes none".to_owned()))?;
            let given = borrower.give(memory);
            given.map_err(|error| Refused::Lend(error.to_string()))
        };
        if let Some(region) = frames.region(lease, session) {
            return give(&region.passed);
        }
        let memory = bulk.memory(lease, session).ok_or(Refused::Lease)?;
        let lent = give(&memory)?;
        // What is yet to be opened stays until it is let go of.
        if lent.name.is_empty() {
            bulk.let_go(lease, session);
        }
        Ok(lent)
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
        if let Some(session) = Caller::of(&request).session {
            let lease = &request.get_ref().lease;
            self.shared.leases.let_go(lease, &session);
            self.shared.bulk.let_go(lease, &session);
        }
        Ok(tonic::Response::new(wire::ReleaseResponse {}))
    }

    async fn lend(
        &self,
        request: tonic::Request<wire::LendRequest>,
    ) -> Result<tonic::Response<wire::LendResponse>, Status> {
        let caller = Caller::of(&request);
        let lent = self.hand_out(&caller, &request.get_ref().lease)?;
        Ok(tonic::Response::new(lent))
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
pub(super) fn reference(region: wire::Region, lease: &Lease<Arc<ReadOnly>>) -> wire::FrameRef {
    wire::FrameRef {
        region: Some(region),
        seq: lease.seq(),
        offset: lease.offset() as u64,
        length: lease.len() as u64,
        lease: Vec::new(),
    }
}
