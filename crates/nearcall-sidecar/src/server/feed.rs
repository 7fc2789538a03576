//! One stream: frames down as references, by a file or as bytes; credit, frames let go of and another policy up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use nearcall_frames::{End, Lease, Next, NextError, Slot};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::memory::ReadOnly;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};
use wire::subscribe_request::Request;
use wire::subscribe_response::Event;

use super::channel::Near;
use super::filing::FrameFile;
use super::pieces::pieces_of;
use super::service::reference;
use crate::limits::{CHUNK_BYTES_MAX, CREDIT_MAX};
use crate::status::Refused;
use crate::wire::{read_policy, write_info};

type Up = Streaming<wire::SubscribeRequest>;
type Down = mpsc::Sender<Result<wire::SubscribeResponse, Status>>;

/// Sends frames until the channel, the stream, the connection or the server ends. What is held goes first.
#[derive(Debug)]
pub(super) struct Feed {
    held: HashMap<u64, Kept>,
    near: Near,
    /// Before the stream's end, so that a file is gone when its reader hears of it.
    sends: Sends,
    credit: u32,
    down: Down,
}

/// How frames are sent.
#[derive(Debug)]
pub(super) enum Sends {
    /// Their bytes.
    Bytes,
    /// Where they are in the memory, which the client was told of so.
    References(wire::Region),
    /// Where they are in a file, which they are copied to.
    File(FrameFile),
}

/// What a reader has not let go of.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a frame is what nearly always is kept, and a box would be an allocation for each"
)]
enum Kept {
    Frame {
        _lease: Lease<Arc<ReadOnly>>,
    },
    /// A slot of the file.
    Slot(Slot),
}

/// Why a feed does not go on.
enum Stop {
    /// The reader is gone, and nobody is there to be told.
    Gone,
    /// It is told this.
    Told(Status),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Told(status)
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Told(refused.into())
    }
}

impl Feed {
    pub(super) fn new(sends: Sends, near: Near, credit: u32, down: Down) -> Self {
        Self {
            held: HashMap::new(),
            near,
            sends,
            credit: credit.clamp(1, CREDIT_MAX),
            down,
        }
    }

    /// Runs to the end, or until `ends`, which says why.
    pub(super) async fn run(mut self, mut up: Up, ends: impl Future<Output = Status>) {
        let stopped = tokio::select! {
            stopped = self.go_on(&mut up) => stopped,
            status = ends => Err(Stop::Told(status)),
        };
        if let Err(Stop::Told(status)) = stopped {
            // Whoever reads that it is over finds no file either.
            self.sends = Sends::Bytes;
            // Without room the stream ends all the same, and the reader finds that.
            let _ = self.down.try_send(Err(status));
        }
    }

    async fn go_on(&mut self, up: &mut Up) -> Result<(), Stop> {
        loop {
            if self.near.bell.is_evicted() {
                self.end(wire::Ending::Evicted).await?;
                return self.keep(up).await;
            }
            if let Some(policy) = self.near.bell.other_policy() {
                self.near.reader.set_policy(policy);
            }
            if self.credit == 0 || self.sends.is_full() {
                let heard = up.message().await?;
                self.hear(heard)?;
                continue;
            }
            match self.near.reader.next(Instant::now()) {
                Ok(Next::Frame(lease)) => self.send(lease).await?,
                Ok(Next::Gap(gap)) => {
                    let (first, last) = (gap.first, gap.last);
                    self.say(Event::Gap(wire::Gap { first, last })).await?;
                }
                Ok(Next::End(End::Retired)) => return self.end(wire::Ending::Retired).await,
                Ok(Next::End(_)) => return self.end(wire::Ending::Closed).await,
                Ok(Next::Nothing { again }) => self.wait(up, again).await?,
                Ok(_) => {}
                // The reader holds all that it may; it lets go of one, or leaves.
                Err(NextError::AllHeld { .. }) => {
                    let heard = up.message().await?;
                    self.hear(heard)?;
                }
                Err(NextError::Overtaken) => tokio::task::yield_now().await,
                Err(error) => return Err(Refused::Next(error).into()),
            }
        }
    }

    /// What the reader of a subscription that ended holds stays as it is until it lets go or leaves.
    async fn keep(&mut self, up: &mut Up) -> Result<(), Stop> {
        while !self.held.is_empty() {
            let heard = tokio::select! {
                () = self.down.closed() => return Err(Stop::Gone),
                heard = up.message() => heard?,
            };
            self.hear(heard)?;
        }
        Ok(())
    }

    /// Waits until there may be something to send, or something was said.
    async fn wait(&mut self, up: &mut Up, again: Option<Instant>) -> Result<(), Stop> {
        if again.is_none() && !self.near.reader.sleep(true) {
            return Ok(());
        }
        let due = async {
            match again {
                Some(again) => tokio::time::sleep_until(again.into()).await,
                None => std::future::pending().await,
            }
        };
        let heard = tokio::select! {
            () = self.near.bell.rung() => None,
            () = due => None,
            () = self.down.closed() => return Err(Stop::Gone),
            heard = up.message() => Some(heard?),
        };
        self.near.reader.wake_up();
        heard.map_or(Ok(()), |heard| self.hear(heard))
    }

    fn hear(&mut self, heard: Option<wire::SubscribeRequest>) -> Result<(), Stop> {
        let request = heard.ok_or(Stop::Gone)?.request;
        match request {
            Some(Request::Credit(wire::Credit { frames })) => {
                self.credit = self.credit.saturating_add(frames).min(CREDIT_MAX);
            }
            Some(Request::Release(wire::LetGo { seq })) => {
                let kept = self.held.remove(&seq);
                if let (Some(Kept::Slot(slot)), Sends::File(file)) = (kept, &mut self.sends) {
                    file.give_back(slot);
                }
            }
            Some(Request::Policy(policy)) => {
                let found = format!("{policy:?}");
                let policy = read_policy(Some(policy)).ok_or(Refused::Policy { found })?;
                self.near.subscribed.set_policy(policy)?;
                self.near.reader.set_policy(policy);
            }
            Some(Request::Start(_)) => {
                return Err(misused("a second start").into());
            }
            None => return Err(misused("nothing that this version knows").into()),
        }
        Ok(())
    }

    async fn send(&mut self, lease: Lease<Arc<ReadOnly>>) -> Result<(), Stop> {
        self.credit -= 1;
        match self.sends {
            Sends::Bytes => self.send_bytes(lease).await,
            Sends::References(_) | Sends::File(_) => self.send_reference(lease).await,
        }
    }

    /// Sends where a frame is, which stays so until the reader lets go.
    async fn send_reference(&mut self, lease: Lease<Arc<ReadOnly>>) -> Result<(), Stop> {
        let (info, length, seq) = (write_info(lease.info()), lease.len() as u64, lease.seq());
        let (reference, kept) = match &mut self.sends {
            Sends::Bytes => return self.send_bytes(lease).await,
            Sends::References(region) => {
                let reference = reference(region.clone(), &lease);
                (reference, Kept::Frame { _lease: lease })
            }
            Sends::File(file) => {
                let written = file.write(lease).await;
                let (reference, slot) =
                    written.map_err(|error| Refused::File(error.to_string()))?;
                (reference, Kept::Slot(slot))
            }
        };
        let frame = wire::Frame {
            info: Some(info),
            length,
            body: Some(wire::Bulk {
                content: Some(wire::bulk::Content::Frame(reference)),
            }),
        };
        self.held.insert(seq, kept);
        self.say(Event::Frame(frame)).await
    }

    /// Sends a frame in pieces; it is held for as long as that takes, by the one pin of this stream.
    async fn send_bytes(&self, lease: Lease<Arc<ReadOnly>>) -> Result<(), Stop> {
        let first = lease.chunks(CHUNK_BYTES_MAX).next().unwrap_or_default();
        let first = first.to_vec();
        let frame = wire::Frame {
            info: Some(write_info(lease.info())),
            length: lease.len() as u64,
            body: Some(wire::Bulk {
                content: Some(wire::bulk::Content::Inline(first)),
            }),
        };
        self.say(Event::Frame(frame)).await?;
        let (pieces, all_written) = pieces_of(lease, CHUNK_BYTES_MAX);
        for bytes in pieces {
            self.say(Event::Chunk(wire::Chunk { bytes })).await?;
        }
        all_written.await;
        Ok(())
    }

    async fn end(&self, ending: wire::Ending) -> Result<(), Stop> {
        let ending = ending.into();
        self.say(Event::End(wire::End { ending })).await
    }

    async fn say(&self, event: Event) -> Result<(), Stop> {
        let event = Some(event);
        let sent = self.down.send(Ok(wire::SubscribeResponse { event })).await;
        sent.map_err(|_| Stop::Gone)
    }
}

impl Sends {
    /// Whether nothing more can be sent until the reader lets go of something.
    fn is_full(&self) -> bool {
        matches!(self, Self::File(file) if file.is_full())
    }
}

fn misused(found: &'static str) -> Refused {
    Refused::Stream {
        expected: "credit, a frame that is let go of, or a policy",
        found,
    }
}
