//! A server that says what cannot be: its clients say so, and neither crash, nor wait, nor read beyond what there is.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;

use nearcall_frames::memory::Memory as _;
use nearcall_frames::{Geometry, Header, Identity, Writer};
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_server::{self, FramesServer};
use nearcall_rpc::{Channel, Server};
use nearcall_sidecar::{FrameStream, NextError, OpenError, Options, Tier};
use nearcall_sys::memory::{Writable, make_region};
use tempfile::{NamedTempFile, TempDir};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status, Streaming, async_trait};
use wire::subscribe_response::Event;

use super::served::{LONG, NAME, by};

const BYTES: usize = 5_000;

/// What it answers, whatever it is asked.
#[derive(Clone)]
struct Liar {
    open: wire::OpenResponse,
    events: Vec<Event>,
}

#[async_trait]
impl frames_server::Frames for Liar {
    async fn open(
        &self,
        _request: Request<wire::OpenRequest>,
    ) -> Result<Response<wire::OpenResponse>, Status> {
        Ok(Response::new(self.open.clone()))
    }

    type SubscribeStream =
        tokio_stream::Iter<std::vec::IntoIter<Result<wire::SubscribeResponse, Status>>>;

    async fn subscribe(
        &self,
        _request: Request<Streaming<wire::SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let said = |event: &Event| {
            let event = Some(event.clone());
            Ok(wire::SubscribeResponse { event })
        };
        let all: Vec<_> = self.events.iter().map(said).collect();
        Ok(Response::new(tokio_stream::iter(all)))
    }

    async fn list(
        &self,
        _request: Request<wire::ListRequest>,
    ) -> Result<Response<wire::ListResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn acquire_latest(
        &self,
        _request: Request<wire::AcquireLatestRequest>,
    ) -> Result<Response<wire::AcquireLatestResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn release(
        &self,
        _request: Request<wire::ReleaseRequest>,
    ) -> Result<Response<wire::ReleaseResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn lend(
        &self,
        _request: Request<wire::LendRequest>,
    ) -> Result<Response<wire::LendResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn set_policy(
        &self,
        _request: Request<wire::SetPolicyRequest>,
    ) -> Result<Response<wire::SetPolicyResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn open_upload(
        &self,
        _request: Request<wire::OpenUploadRequest>,
    ) -> Result<Response<wire::OpenUploadResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn stats(
        &self,
        _request: Request<wire::StatsRequest>,
    ) -> Result<Response<wire::StatsResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }
}

struct Served {
    channel: Channel,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(open: wire::OpenResponse, events: Vec<Event>) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("frames.sock").display());
    let server = Server::new(&address).add_service(FramesServer::new(Liar { open, events }));
    let bound = server.bind().await.unwrap();
    let task = tokio::spawn(async { drop(bound.serve().await) });
    Served {
        channel: Channel::connect(address).await.unwrap(),
        task,
        _folder: folder,
    }
}

const IDENTITY: Identity = Identity {
    epoch: 7,
    channel: 1,
    region: 1,
};

fn geometry() -> Geometry {
    Geometry::new(4, BYTES, 0).unwrap()
}

/// An answer that is right, but for the memory.
fn answer(tier: wire::Tier) -> wire::OpenResponse {
    wire::OpenResponse {
        tier: tier.into(),
        region: Some(wire::Region {
            epoch: IDENTITY.epoch,
            channel: IDENTITY.channel,
            region: IDENTITY.region,
            geometry: Some(wire::Geometry {
                slots: 4,
                payload_bytes: BYTES as u64,
                history: 0,
                region_bytes: geometry().region_bytes() as u64,
            }),
            path: String::new(),
        }),
        subscription: 1,
        ticket: vec![1; 16],
        policy: None,
        pins: 2,
        first: 1,
        ..wire::OpenResponse::default()
    }
}

async fn open(
    tier: Tier,
    answer: wire::OpenResponse,
    events: Vec<Event>,
) -> (Served, Result<FrameStream, OpenError>) {
    let served = serve(answer, events).await;
    let opening = by(tier, Options::default()).open(&served.channel, NAME);
    let opened = tokio::time::timeout(LONG, opening).await;
    let opened = opened.expect("it is not waited for");
    (served, opened)
}

#[tokio::test]
async fn answers_that_lack_something() {
    let check = async |expected: &str, change: fn(&mut wire::OpenResponse)| {
        let mut said = answer(wire::Tier::Inline);
        change(&mut said);
        let (_served, opened) = open(Tier::Inline, said, Vec::new()).await;
        let Err(OpenError::Answer { expected: found }) = opened else {
            panic!("{expected}: {opened:?}");
        };
        assert_eq!(found, expected);
    };
    check("a tier that is known", |said| said.tier = 99).await;
    check("a region", |said| said.region = None).await;
    check("a geometry", |said| {
        said.region.as_mut().unwrap().geometry = None;
    })
    .await;
    check("a tier that was asked for", |said| {
        said.tier = wire::Tier::Proc.into();
    })
    .await;
}

#[tokio::test]
async fn geometries_that_cannot_be() {
    for (slots, payload_bytes, history) in [
        (0, 64, 0),
        (1, 64, 0),
        (4, 64, 3),
        (u32::MAX, 64, 0),
        (4, 0, 0),
        (4, u64::MAX, 0),
        (4_096, 1 << 30, 0),
        (4, 64, u32::MAX),
    ] {
        let mut said = answer(wire::Tier::Inline);
        said.region.as_mut().unwrap().geometry = Some(wire::Geometry {
            slots,
            payload_bytes,
            history,
            region_bytes: 4_096,
        });
        let (_served, opened) = open(Tier::Inline, said, Vec::new()).await;
        let Err(OpenError::Geometry(error)) = opened else {
            panic!("{slots} {payload_bytes} {history}: {opened:?}");
        };
        assert!(error.to_string().starts_with("expected "), "{error}");
    }
}

/// Memory that a path names, with a header of one's choice.
fn memory(head: Option<Header>) -> (Writable, OwnedFd, String) {
    let (memory, descriptor) = make_region("liar", geometry().region_bytes()).unwrap();
    match head {
        Some(head) => memory.write(0, &head.bytes()),
        None => memory.write(0, &[0xff; 512]),
    }
    let path = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    (memory, descriptor, path)
}

fn head(identity: Identity) -> Header {
    Header {
        identity,
        geometry: geometry(),
        minor: 0,
    }
}

#[tokio::test]
async fn paths_to_what_is_not_the_channel() {
    let garbage = memory(None);
    let other = memory(Some(head(Identity {
        epoch: 8,
        ..IDENTITY
    })));
    for path in ["", "/", "/dev/zero", "/nowhere", &garbage.2, &other.2] {
        let mut said = answer(wire::Tier::Proc);
        said.region.as_mut().unwrap().path = path.to_owned();
        let (_served, opened) = open(Tier::Proc, said, Vec::new()).await;
        // It asks for another way, and is given the same again.
        assert!(
            matches!(opened, Err(OpenError::Answer { .. })),
            "{path}: {opened:?}"
        );
    }
}

fn reference(offset: u64, length: u64) -> Event {
    let frame = wire::FrameRef {
        region: None,
        seq: 1,
        offset,
        length,
        lease: Vec::new(),
    };
    body(wire::bulk::Content::Frame(frame), length)
}

fn body(content: wire::bulk::Content, length: u64) -> Event {
    Event::Frame(wire::Frame {
        info: Some(wire::FrameInfo::default()),
        length,
        body: Some(wire::Bulk {
            content: Some(content),
        }),
    })
}

#[tokio::test]
async fn references_that_lead_out_of_the_memory() {
    let (memory, descriptor, path) = memory(Some(head(IDENTITY)));
    // As the writer would have laid it out.
    let bytes = geometry().region_bytes() as u64;
    let mut said = answer(wire::Tier::Proc);
    said.region.as_mut().unwrap().path = path;
    for (offset, length) in [
        (bytes, 1),
        (bytes - 1, 2),
        (0, u64::MAX),
        (u64::MAX, 1),
        (u64::MAX, u64::MAX),
    ] {
        let events = vec![reference(offset, length)];
        let (_served, opened) = open(Tier::Proc, said.clone(), events).await;
        let next = opened.unwrap().next().await;
        let Err(NextError::Broken { expected }) = next else {
            panic!("{offset} {length}: {next:?}");
        };
        assert_eq!(expected, "a frame within its region");
    }
    let events = vec![reference(bytes - 3, 3)];
    let (_served, opened) = open(Tier::Proc, said, events).await;
    let frame = opened.unwrap().next().await.unwrap().unwrap();
    assert_eq!(frame.bytes(), [0, 0, 0], "the last bytes that there are");
    drop((memory, descriptor));
}

/// A file of the server's, with a header and one frame: its number and its length as a slot's header has them.
fn file(head: Header, seq: u64, length: u64) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    file.as_file()
        .set_len(geometry().region_bytes() as u64)
        .unwrap();
    file.as_file().write_all_at(&head.bytes(), 0).unwrap();
    let at = geometry().slot_header_at(geometry().slot(0).unwrap());
    let slot = [(seq << 1).to_le_bytes(), length.to_le_bytes()].concat();
    file.as_file().write_all_at(&slot, at as u64).unwrap();
    file
}

fn at(file: &NamedTempFile) -> wire::OpenResponse {
    let mut said = answer(wire::Tier::File);
    said.file_path = file.path().to_str().unwrap().to_owned();
    said
}

#[tokio::test]
async fn files_that_are_not_the_channels() {
    let other_start = Identity {
        epoch: 8,
        ..IDENTITY
    };
    let other = file(head(other_start), 1, 3);
    let garbage = file(head(IDENTITY), 1, 3);
    garbage.as_file().write_all_at(&[0xff; 8], 0).unwrap();
    let (short, long) = (file(head(IDENTITY), 1, 3), file(head(IDENTITY), 1, 3));
    let bytes = geometry().region_bytes() as u64;
    short.as_file().set_len(bytes - 1).unwrap();
    long.as_file().set_len(u64::MAX >> 24).unwrap();
    let divided = Header {
        geometry: Geometry::new(3, BYTES, 0).unwrap(),
        ..head(IDENTITY)
    };
    let divided = file(divided, 1, 3);
    let files = [&other, &garbage, &short, &long, &divided].map(|file| at(file).file_path);
    let strange = ["", "/", "/dev/zero", "/nowhere"].map(str::to_owned);
    for file_path in files.into_iter().chain(strange) {
        let said = wire::OpenResponse {
            file_path: file_path.clone(),
            ..answer(wire::Tier::File)
        };
        let (_served, opened) = open(Tier::File, said, Vec::new()).await;
        // It asks for another way, and is given the same again.
        assert!(
            matches!(opened, Err(OpenError::Answer { .. })),
            "{file_path}: {opened:?}"
        );
    }
}

#[tokio::test]
async fn frames_that_are_not_in_their_file() {
    let payload = |number| geometry().payload_at(geometry().slot(number).unwrap()) as u64;
    let good = file(head(IDENTITY), 1, 3);
    let check = async |expected: &str, offset, length| {
        let (_served, opened) = open(Tier::File, at(&good), vec![reference(offset, length)]).await;
        let next = opened.unwrap().next().await;
        let Err(NextError::Broken { expected: found }) = next else {
            panic!("{offset} {length}: {next:?}");
        };
        assert_eq!(found, expected);
    };
    let outside = "a frame within its file";
    for offset in [
        0,
        payload(0) + 1,
        geometry().region_bytes() as u64,
        u64::MAX,
    ] {
        check(outside, offset, 3).await;
    }
    let too_long = "a frame no longer than its channel's slots";
    check(too_long, payload(0), BYTES as u64 + 1).await;
    check(too_long, payload(0), u64::MAX).await;
    let other = "the frame that was announced, in its file,";
    check(other, payload(0), 4).await;
    check(other, payload(1), 3).await;
    // And one that is there.
    let events = vec![reference(payload(0), 3)];
    let (_served, opened) = open(Tier::File, at(&good), events).await;
    let frame = opened.unwrap().next().await.unwrap().unwrap();
    assert_eq!((frame.bytes(), frame.tier()), (&[0; 3][..], Tier::File));
    // Another number is another frame.
    let stale = file(head(IDENTITY), 2, 3);
    let events = vec![reference(payload(0), 3)];
    let (_served, opened) = open(Tier::File, at(&stale), events).await;
    let next = opened.unwrap().next().await;
    assert!(matches!(next, Err(NextError::Broken { expected }) if expected == other));
}

#[tokio::test]
async fn streams_that_make_no_sense() {
    let inline = |bytes: usize, length| body(wire::bulk::Content::Inline(vec![0; bytes]), length);
    let chunk = |bytes: usize| {
        let bytes = vec![0; bytes].into();
        Event::Chunk(wire::Chunk { bytes })
    };
    let check = async |expected: &str, events: Vec<Event>| {
        let (_served, opened) = open(Tier::Inline, answer(wire::Tier::Inline), events).await;
        let next = opened.unwrap().next().await;
        let Err(NextError::Broken { expected: found }) = next else {
            panic!("{expected}: {next:?}");
        };
        assert_eq!(found, expected);
    };
    let too_long = "a frame no longer than its channel's slots";
    check(too_long, vec![inline(1, BYTES as u64 + 1)]).await;
    check(too_long, vec![inline(1, u64::MAX)]).await;
    let other_length = "a frame as long as it was said to be";
    check(other_length, vec![inline(4, 3)]).await;
    check(other_length, vec![inline(4, 6), chunk(3)]).await;
    check("a frame before its pieces", vec![chunk(1)]).await;
    let unmapped = "no reference to memory that was not opened";
    check(unmapped, vec![reference(0, 1)]).await;
    let empty = Event::Frame(wire::Frame::default());
    check("a frame with its body", vec![empty]).await;
    let end = Event::End(wire::End::default());
    check("an end of a kind that is known", vec![end]).await;
}

/// The header that the tests above lie about is the one that a writer makes.
#[test]
fn the_header_is_a_writers() {
    let geometry = geometry();
    let (memory, _descriptor) = make_region("liar", geometry.region_bytes()).unwrap();
    let memory = std::sync::Arc::new(memory);
    let _writer = Writer::new(std::sync::Arc::clone(&memory), IDENTITY, geometry).unwrap();
    let expected = head(IDENTITY).bytes();
    let mut found = vec![0; expected.len()];
    memory.read(0, &mut found);
    assert_eq!(Header::parse(&found).unwrap().identity, IDENTITY);
    memory.store(0, 0);
    memory.read(0, &mut found);
    assert!(Header::parse(&found).is_err());
}
