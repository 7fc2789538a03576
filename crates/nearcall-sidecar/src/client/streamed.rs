//! Frames that a stream brings: as bytes, or as references into memory that `/proc` opened or into a file.

use std::sync::{Arc, Mutex, PoisonError};

use nearcall_frames::{Gap, Header, Info, Policy, layout};
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use nearcall_sys::memory::{ReadOnly, open_region};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status, Streaming};
use wire::subscribe_request::Request;
use wire::subscribe_response::Event;

use super::filing::Filed;
use super::frame::Frame;
use super::opening::{Granted, OpenError};
use super::reading::Reading;
use super::{Came, NextError, borrowing};
use crate::imp::borrowed;
use crate::tier::Tier;
use crate::wire::{read_info, write_policy};

/// Frames that may come before the reader asks for more: one to look at while the next is under way.
const CREDIT: u32 = 2;

/// A stream of frames.
#[derive(Debug)]
pub(super) struct Streamed {
    tier: Tier,
    epoch: u64,
    payload_bytes: usize,
    /// How many frames may be held, and what says how many are.
    pins: u32,
    held: Arc<Kept>,
    view: Option<Arc<ReadOnly>>,
    file: Option<Arc<Filed>>,
    /// A frame that is being copied out of the file. It is kept here, so that who gives up waiting loses nothing.
    reading: Option<Reading>,
    up: Up,
    /// None once it was left to the frames that are held.
    down: Option<Down>,
    /// The subscription lagged, and was ended as it asked.
    evicted: bool,
    /// A frame of which more is to come.
    begun: Option<(Info, Vec<u8>, usize)>,
    /// A frame was handed on, and the next may come.
    owed: bool,
}

/// Bounded by what the server lets come: a message for each frame's credit, and one for its end.
type Up = mpsc::UnboundedSender<wire::SubscribeRequest>;

type Down = Streaming<wire::SubscribeResponse>;

/// The stream, where it is over for its reader and frames of it are still held: the server holds them for as long as
/// there is the stream.
#[derive(Debug, Default)]
struct Kept(Mutex<Option<Down>>);

/// Why a stream did not begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartFault {
    #[error("the stream was refused: {}", .0.message())]
    Refused(Status),
    #[error("the memory of the server cannot be opened")]
    Path(#[from] std::io::Error),
    #[error("what the server's path leads to is not safe to map")]
    Open(#[from] nearcall_sys::memory::OpenError),
    #[error("there is no file to read: {0}")]
    File(&'static str),
    #[error("what the server's path leads to is another channel")]
    Other,
}

impl From<StartFault> for OpenError {
    fn from(fault: StartFault) -> Self {
        let text = fault.to_string();
        Self::Refused(match fault {
            StartFault::Refused(status) => status,
            _ => Status::unavailable(text),
        })
    }
}

/// A frame that the server holds until this is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    seq: u64,
    up: Up,
    _held: Arc<Kept>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let seq = self.seq;
        // Where the stream is over, the server holds nothing any more.
        let _ = say(&self.up, Request::Release(wire::LetGo { seq }));
    }
}

impl Streamed {
    pub(super) async fn start(channel: &Channel, granted: Granted) -> Result<Self, StartFault> {
        let view = match granted.tier {
            Tier::Proc => Some(Arc::new(open_view(&granted)?)),
            _ => None,
        };
        let file = match granted.tier {
            Tier::File => Some(Arc::new(Filed::open(&granted)?)),
            _ => None,
        };
        let (up, requests) = mpsc::unbounded_channel();
        let start = wire::Start {
            ticket: granted.ticket,
            credit: CREDIT,
        };
        let _ = say(&up, Request::Start(start));
        let mut client = FramesClient::new(channel.clone());
        let requests = UnboundedReceiverStream::new(requests);
        let down = client.subscribe(requests).await;
        Ok(Self {
            tier: granted.tier,
            epoch: granted.grant.identity.epoch,
            payload_bytes: granted.grant.geometry.payload_bytes(),
            pins: granted.grant.pins,
            held: Arc::default(),
            view,
            file,
            reading: None,
            up,
            down: Some(down.map_err(StartFault::Refused)?.into_inner()),
            evicted: false,
            begun: None,
            owed: false,
        })
    }

    pub(super) const fn tier(&self) -> Tier {
        self.tier
    }

    pub(super) async fn next(&mut self) -> Result<Came, NextError> {
        if self.evicted {
            return Err(NextError::Evicted);
        }
        let granted = self.pins;
        if self.view.is_some() && Arc::strong_count(&self.held) > granted as usize {
            return Err(NextError::AllHeld { granted });
        }
        if std::mem::take(&mut self.owed) {
            let _ = say(&self.up, Request::Credit(wire::Credit { frames: 1 }));
        }
        loop {
            if let Some(reading) = &mut self.reading {
                let read = reading.done().await;
                let info = reading.info;
                self.reading = None;
                let frame = Frame::here(read?, info, self.tier, self.epoch);
                self.owed = true;
                return Ok(Came::Frame(frame));
            }
            let Some(down) = &mut self.down else {
                return Ok(Came::Lost);
            };
            let said = match down.message().await {
                Ok(Some(said)) => said.event,
                Ok(None) => return Ok(Came::Lost),
                Err(status) => return ended(status),
            };
            let came = match said {
                Some(Event::Frame(frame)) => self.begin(frame)?,
                Some(Event::Chunk(wire::Chunk { bytes })) => self.go_on(&bytes)?,
                Some(Event::Gap(wire::Gap { first, last })) => Some(Came::Gap(Gap { first, last })),
                Some(Event::End(end)) => {
                    self.evicted = end.ending() == wire::Ending::Evicted;
                    return how_it_ended(end.ending());
                }
                // Something that a later version says.
                None => None,
            };
            if let Some(came) = came {
                self.owed = matches!(came, Came::Frame(_));
                return Ok(came);
            }
        }
    }

    /// A frame, or none where more of it is to come.
    fn begin(&mut self, frame: wire::Frame) -> Result<Option<Came>, NextError> {
        let (Some(info), Some(content)) = (frame.info, frame.body.and_then(|body| body.content))
        else {
            return Err(broken("a frame with its body"));
        };
        let info = read_info(info);
        match content {
            wire::bulk::Content::Inline(bytes) => {
                let length = usize::try_from(frame.length).unwrap_or(usize::MAX);
                if length > self.payload_bytes {
                    return Err(broken("a frame no longer than its channel's slots"));
                }
                let mut whole = Vec::with_capacity(length);
                whole.extend(bytes);
                self.unless_more(info, whole, length)
            }
            wire::bulk::Content::Frame(frame) => match &self.file {
                Some(file) => {
                    let file = Arc::clone(file);
                    self.reading = Some(Reading::begin(file, info, &frame, self.hold(&frame)));
                    Ok(None)
                }
                None => self.refer(info, &frame).map(Some),
            },
            wire::bulk::Content::Upload(_) => Err(broken("a frame's bytes, or where they are")),
        }
    }

    fn go_on(&mut self, bytes: &[u8]) -> Result<Option<Came>, NextError> {
        let begun = self.begun.take();
        let (info, mut whole, length) = begun.ok_or_else(|| broken("a frame before its pieces"))?;
        whole.extend_from_slice(bytes);
        self.unless_more(info, whole, length)
    }

    fn unless_more(
        &mut self,
        info: Info,
        whole: Vec<u8>,
        length: usize,
    ) -> Result<Option<Came>, NextError> {
        if whole.len() > length {
            return Err(broken("a frame as long as it was said to be"));
        }
        if whole.len() < length {
            self.begun = Some((info, whole, length));
            return Ok(None);
        }
        Ok(Some(Came::Frame(Frame::here(
            whole,
            info,
            Tier::Inline,
            self.epoch,
        ))))
    }

    fn hold(&self, frame: &wire::FrameRef) -> Hold {
        Hold {
            seq: frame.seq,
            up: self.up.clone(),
            _held: Arc::clone(&self.held),
        }
    }

    fn refer(&self, info: Info, frame: &wire::FrameRef) -> Result<Came, NextError> {
        let unmapped = || broken("no reference to memory that was not opened");
        let view = self.view.as_ref().ok_or_else(unmapped)?;
        let place = usize::try_from(frame.offset).ok();
        let length = usize::try_from(frame.length).ok();
        let end = place
            .zip(length)
            .and_then(|(at, length)| at.checked_add(length));
        let hold = self.hold(frame);
        let range = place.unwrap_or(usize::MAX)..end.unwrap_or(0);
        Frame::held(Arc::clone(view), range, info, hold, self.epoch)
            .map(Came::Frame)
            .ok_or_else(|| broken("a frame within its region"))
    }
}

impl Drop for Streamed {
    /// Frames may outlive what they came by. Nobody takes any more, so nobody is to be waited for.
    fn drop(&mut self) {
        if Arc::strong_count(&self.held) > 1 {
            let _ = say(&self.up, Request::Policy(write_policy(Policy::Latest)));
            let mut kept = self.held.0.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = self.down.take();
        }
    }
}

/// Opens the region by its path, and holds it against what the server said over gRPC.
fn open_view(granted: &Granted) -> Result<ReadOnly, StartFault> {
    let memory = borrowing::open(&granted.path)?;
    let view = open_region(borrowed(&memory), granted.grant.geometry.region_bytes())?;
    let mut bytes = [0; layout::header::FIXED_BYTES];
    view.read(0, &mut bytes);
    // A process that took the number of the server's may have another channel there.
    let found = Header::parse(&bytes).ok().map(|header| header.identity);
    if found != Some(granted.grant.identity) {
        return Err(StartFault::Other);
    }
    Ok(view)
}

fn say(up: &Up, request: Request) -> Result<(), ()> {
    let request = Some(request);
    up.send(wire::SubscribeRequest { request }).map_err(drop)
}

pub(super) fn broken(expected: &'static str) -> NextError {
    NextError::Broken { expected }
}

fn how_it_ended(ending: wire::Ending) -> Result<Came, NextError> {
    match ending {
        wire::Ending::Closed => Ok(Came::Closed),
        wire::Ending::Retired => Ok(Came::Lost),
        wire::Ending::Evicted => Err(NextError::Evicted),
        wire::Ending::Unspecified => Err(broken("an end of a kind that is known")),
    }
}

/// What breaks with a connection is opened again; what the server says of the frames is told.
fn ended(status: Status) -> Result<Came, NextError> {
    match status.code() {
        Code::Unavailable | Code::Cancelled => Ok(Came::Lost),
        _ => Err(NextError::Ended(status)),
    }
}
