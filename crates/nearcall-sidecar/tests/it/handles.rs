//! Frames on Windows: by handles that the server puts into the reader's process, and inline. `named` runs all of this once
//! more in processes that let no handles be put into them.

mod named;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nearcall_frames::{Details, Geometry, Policy, Then};
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::{Channel, Server, Wire};
use nearcall_sidecar::{
    Frame, FrameStream, Frames, NextError, Now, Options, Tier, UploadOptions, Writer, poll,
};
use tokio::task::JoinHandle;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Longer than one message brings, so that inline frames come in pieces.
const BYTES: usize = 300 * 1_024;

const NAME: &str = "render.main";

const ROLE: &str = "NEARCALL_SIDECAR_TEST_ROLE";
const ADDRESS: &str = "NEARCALL_SIDECAR_TEST_ADDRESS";

/// Set where the processes of this test let no handles be put into them, so that frames come by names.
const HIDES: &str = "NEARCALL_SIDECAR_TEST_HIDES";

pub(crate) fn hides() -> bool {
    std::env::var_os(HIDES).is_some()
}

pub(crate) fn hide() {
    if hides() {
        nearcall_sys::process::hide_from_peers().unwrap();
    }
}

struct Served {
    address: String,
    writer: Writer,
    frames: Frames,
    task: JoinHandle<()>,
}

/// A pipe that no other test has.
fn address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (pid, number) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("pipe:nearcall-frames-test-{pid}-{number}")
}

/// Room for six frames that are held, and three that are kept.
fn geometry() -> Geometry {
    Geometry::new(2 + 2 + 6, BYTES, 2).unwrap()
}

impl Served {
    async fn start() -> Self {
        Self::start_at(address()).await
    }

    async fn start_at(address: String) -> Self {
        hide();
        let frames = Frames::new();
        let writer = frames.channel(NAME, geometry()).unwrap();
        let server = Server::new(address.clone()).add_service(frames.service());
        let server = server.add_raw_service(super::bulks::loader(&frames));
        let bound = server.bind().await.unwrap();
        let task = tokio::spawn(async {
            let _ = bound.serve().await;
        });
        Self {
            address,
            writer,
            frames,
            task,
        }
    }

    async fn channel(&self) -> Channel {
        Channel::connect(self.address.clone()).await.unwrap()
    }

    async fn open(&self, tier: Tier, options: Options) -> FrameStream {
        let options = Options {
            tiers: vec![tier],
            inline_below: 0,
            ..options
        };
        let stream = options.open(&self.channel().await, NAME).await.unwrap();
        assert_eq!(stream.tier(), Some(tier));
        stream
    }

    fn publish(&mut self) -> u64 {
        publish(&mut self.writer)
    }

    async fn stats(&self) -> wire::StatsResponse {
        let channel = NAME.to_owned();
        let mut client = FramesClient::new(self.channel().await);
        let answer = client.stats(wire::StatsRequest { channel }).await;
        answer.unwrap().into_inner()
    }

    /// Waits until the server knows of so many readers.
    async fn wait_for_readers(&self, count: usize) {
        let start = Instant::now();
        while self.stats().await.subscriptions.len() != count {
            assert!(start.elapsed() < LONG, "expected {count} readers");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn payload(seq: u64, bytes: usize) -> Vec<u8> {
    let word = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    word.into_iter().cycle().take(bytes).collect()
}

fn publish(writer: &mut Writer) -> u64 {
    let seq = writer.latest() + 1;
    let bytes = payload(seq, writer.geometry().payload_bytes());
    assert_eq!(writer.copy(&bytes, &Details::default()), Ok(seq));
    seq
}

async fn frame(stream: &mut FrameStream) -> Frame {
    let next = tokio::time::timeout(LONG, stream.next()).await;
    let frame = next.expect("a frame comes").unwrap().expect("no end");
    is_whole(&frame);
    frame
}

fn is_whole(frame: &Frame) {
    let expected = payload(frame.seq(), frame.bytes().len());
    assert!(frame.bytes() == expected, "frame {} is torn", frame.seq());
}

#[tokio::test]
async fn frames_come_by_either_way_and_over_either_wire() {
    let mut served = Served::start().await;
    for wire in [Wire::Grpc, Wire::Lane] {
        let builder = Channel::builder(served.address.clone()).wire(wire);
        let channel = builder.connect().await.unwrap();
        let mut stream = Options::default().open(&channel, NAME).await.unwrap();
        assert_eq!(stream.tier(), Some(Tier::Handle), "{wire}");
        let seq = served.publish();
        assert_eq!(frame(&mut stream).await.seq(), seq, "{wire}");
        let stats = served.stats().await;
        assert_eq!(stats.subscriptions[0].tier(), wire::Tier::Handle);
        assert_eq!(stats.subscriptions[0].named, hides());
        assert_eq!(stats.subscriptions[0].pid, std::process::id());
        drop(stream);
        served.wait_for_readers(0).await;
    }
    let seq = served.publish();
    let mut inline = served.open(Tier::Inline, Options::default()).await;
    assert_eq!(frame(&mut inline).await.seq(), seq);
}

#[tokio::test]
async fn a_reader_that_sleeps_is_woken_for_each_frame() {
    let mut served = Served::start().await;
    let policy = Policy::DropOldest { depth: 3 };
    let options = Options {
        policy,
        ..Options::default()
    };
    let mut stream = served.open(Tier::Handle, options).await;
    for seq in 1..=50 {
        let reading = tokio::spawn(async move {
            let frame = frame(&mut stream).await;
            (frame.seq(), stream)
        });
        tokio::task::yield_now().await;
        assert_eq!(served.publish(), seq);
        let (found, back) = reading.await.unwrap();
        assert_eq!(found, seq);
        stream = back;
    }
}

#[tokio::test]
async fn what_does_not_exist_here_is_fallen_back_from() {
    let mut served = Served::start().await;
    let channel = served.channel().await;
    for tiers in [vec![Tier::Broker, Tier::Proc, Tier::File], Vec::new()] {
        let options = Options {
            tiers,
            ..Options::default()
        };
        let seq = served.publish();
        let mut stream = options.open(&channel, NAME).await.unwrap();
        assert_eq!(stream.tier(), Some(Tier::Inline));
        assert_eq!(frame(&mut stream).await.seq(), seq);
    }
    let small = Geometry::new(4, 1_024, 0).unwrap();
    let _small = served.frames.channel("small", small).unwrap();
    let stream = Options::default().open(&channel, "small").await.unwrap();
    assert_eq!(
        stream.tier(),
        Some(Tier::Inline),
        "few bytes are faster sent"
    );
}

#[tokio::test]
async fn over_tcp_frames_come_inline() {
    let frames = Frames::new();
    let mut writer = frames.channel(NAME, geometry()).unwrap();
    let server = Server::new("http://127.0.0.1:0").add_service(frames.service());
    let bound = server.bind().await.unwrap();
    let address = bound.addresses().remove(0).to_string();
    let server = tokio::spawn(bound.serve());
    let channel = Channel::connect(address).await.unwrap();
    let mut stream = nearcall_sidecar::open(&channel, NAME).await.unwrap();
    assert_eq!(stream.tier(), Some(Tier::Inline));
    publish(&mut writer);
    assert_eq!(frame(&mut stream).await.seq(), 1);
    server.abort();
}

#[tokio::test]
async fn a_frame_outlives_its_stream_and_its_server() {
    let mut served = Served::start().await;
    let mut stream = served.open(Tier::Handle, Options::default()).await;
    served.publish();
    let kept = frame(&mut stream).await;
    drop(stream);
    for _ in 0..30 {
        served.publish();
    }
    is_whole(&kept);
    assert_eq!(served.stats().await.subscriptions.len(), 1, "it is held");
    drop(served);
    is_whole(&kept);
}

#[tokio::test]
async fn readers_attach_anew_when_frames_change_their_size() {
    let mut served = Served::start().await;
    let mut stream = served.open(Tier::Handle, Options::default()).await;
    served.publish();
    let kept = frame(&mut stream).await;
    let larger = Geometry::new(10, BYTES * 2, 2).unwrap();
    served.writer.replace(larger).unwrap();
    assert_eq!(served.publish(), 1, "frames are counted anew");
    let fresh = frame(&mut stream).await;
    assert_eq!((fresh.seq(), fresh.bytes().len()), (1, BYTES * 2));
    is_whole(&kept);
    assert_eq!(stream.tier(), Some(Tier::Handle));
}

#[tokio::test]
async fn the_end_and_an_eviction_are_told() {
    let mut served = Served::start().await;
    let policy = Policy::Block {
        max_wait: Duration::from_millis(1),
        then: Then::Evict,
    };
    let options = Options {
        policy,
        ..Options::default()
    };
    let mut slow = served.open(Tier::Handle, options).await;
    let mut other = served.open(Tier::Handle, Options::default()).await;
    let start = Instant::now();
    loop {
        // It is held up until the slow one has had its time.
        let _ = served.writer.copy(&payload(1, BYTES), &Details::default());
        let stats = served.stats().await;
        let mut all = stats.subscriptions.iter();
        if all.any(|one| one.standing() == wire::Standing::Evicted) {
            break;
        }
        assert!(start.elapsed() < LONG, "it is evicted");
    }
    let told = async {
        loop {
            match slow.next().await {
                Ok(Some(_)) => {}
                other => return other,
            }
        }
    };
    let told = tokio::time::timeout(LONG, told).await.unwrap();
    assert!(matches!(told, Err(NextError::Evicted)), "{told:?}");
    served.writer = served
        .frames
        .channel("other", geometry())
        .expect("another name");
    let end = async { while other.next().await.unwrap().is_some() {} };
    tokio::time::timeout(LONG, end)
        .await
        .expect("its end is told");
}

#[tokio::test]
async fn who_opens_and_takes_nothing_is_forgotten() {
    let served = Served::start().await;
    let mut client = FramesClient::new(served.channel().await);
    let request = wire::OpenRequest {
        channel: NAME.to_owned(),
        tiers: vec![wire::Tier::Handle.into()],
        ..wire::OpenRequest::default()
    };
    let answer = client.open(request.clone()).await.unwrap().into_inner();
    assert_eq!(answer.tier(), wire::Tier::Handle);
    assert_eq!(answer.handles.is_none(), hides());
    assert_eq!(answer.names.is_some(), hides());
    assert!(answer.broker_path.is_empty());
    assert_eq!(served.stats().await.subscriptions.len(), 1);
    // Given back, it is gone at once; otherwise with its time.
    let request = wire::OpenRequest {
        instead_of: answer.ticket,
        ..request
    };
    client.open(request).await.unwrap();
    assert_eq!(served.stats().await.subscriptions.len(), 1);
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn an_upload_goes_by_a_handle() {
    let served = Served::start().await;
    let channel = served.channel().await;
    let bytes = 256 * 1_024;
    let mut upload = nearcall_sidecar::upload(&channel, bytes).await.unwrap();
    assert_eq!(upload.tier(), Tier::Handle);
    upload.write(bytes - 4, b"last").unwrap();
    let bulk = upload.commit(bytes).unwrap();
    let is_reference = matches!(bulk.content, Some(wire::bulk::Content::Upload(_)));
    assert!(is_reference, "no bytes go over the connection");
    let request = wire::OpenUploadRequest {
        bytes: bytes as u64,
        tiers: vec![wire::Tier::Handle.into()],
        ..wire::OpenUploadRequest::default()
    };
    let mut client = FramesClient::new(channel.clone());
    let told = client.open_upload(request).await.unwrap().into_inner();
    assert_eq!(
        (told.handle == 0, !told.name.is_empty()),
        (hides(), hides())
    );
    let options = UploadOptions {
        tiers: vec![Tier::Inline],
        ..UploadOptions::default()
    };
    let inline = options.open(&channel, bytes).await.unwrap();
    assert_eq!(inline.tier(), Tier::Inline);
}

#[tokio::test]
async fn a_frame_is_lent_by_a_handle() {
    let mut served = Served::start().await;
    served.publish();
    let mut client = FramesClient::new(served.channel().await);
    let request = wire::AcquireLatestRequest {
        channel: NAME.to_owned(),
        can_map: true,
        ..wire::AcquireLatestRequest::default()
    };
    let answer = client.acquire_latest(request).await.unwrap().into_inner();
    let body = answer.frame.unwrap().body.unwrap();
    let Some(wire::bulk::Content::Frame(reference)) = body.content else {
        panic!("expected a reference, found {body:?}");
    };
    let lease = reference.lease;
    let lent = client.lend(wire::LendRequest { lease }).await.unwrap();
    let lent = lent.into_inner();
    assert_eq!(
        (lent.handle == 0, !lent.name.is_empty()),
        (hides(), hides())
    );
}

/// The role that this process has; without one there is nothing to do.
#[test]
fn role() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    match variable(ROLE).as_str() {
        "" => {}
        "borrower" => runtime().block_on(borrow(variable(ADDRESS))),
        "reader" => runtime().block_on(hold(variable(ADDRESS))),
        "server" => runtime().block_on(serve(variable(ADDRESS))),
        other => panic!("no role is named {other}"),
    }
}

/// A process that is killed when the test is over, whatever came of it.
struct Killed(Child);

impl Killed {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a role, and waits until it says that it is ready.
async fn start(role: &str, address: &str) -> Killed {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "handles::role", "--nocapture"])
        .env(ROLE, role)
        .env(ADDRESS, address)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let child = Killed(child);
    let ready = tokio::task::spawn_blocking(move || {
        let lines = BufReader::new(output).lines();
        let mut lines = lines.map_while(Result::ok);
        lines.any(|line| line.contains("ready"))
    });
    let ready = tokio::time::timeout(LONG, ready).await.unwrap().unwrap();
    assert!(ready, "{role} ended");
    child
}

/// Takes frames and keeps them.
async fn hold(address: String) {
    hide();
    let channel = Channel::connect(address).await.unwrap();
    let mut stream = nearcall_sidecar::open(&channel, NAME).await.unwrap();
    assert_eq!(stream.tier(), Some(Tier::Handle));
    let held = frame(&mut stream).await;
    println!("ready");
    let _ = std::io::stdin().read(&mut [0]);
    drop(held);
}

/// Takes bulk data, and polls for a frame and keeps it.
async fn borrow(address: String) {
    let channel = Channel::connect(address).await.unwrap();
    super::bulks::borrow(&channel).await;
    let held = poll(&channel, NAME).newest().await.unwrap().unwrap();
    assert_eq!((held.seq(), held.tier()), (1, Tier::Handle));
    println!("ready");
    let _ = std::io::stdin().read(&mut [0]);
    is_whole(&held);
}

async fn serve(address: String) {
    let mut served = Served::start_at(address).await;
    for _ in 0..3 {
        served.publish();
    }
    println!("ready");
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await;
    drop(served);
}

#[tokio::test]
async fn a_killed_reader_harms_nobody_and_its_pins_come_back() {
    let mut served = Served::start().await;
    let options = Options {
        policy: Policy::DropOldest { depth: 3 },
        ..Options::default()
    };
    let mut survivor = served.open(Tier::Handle, options).await;
    served.publish();
    assert_eq!(frame(&mut survivor).await.seq(), 1);
    let mut reader = start("reader", &served.address).await;
    let stats = served.stats().await;
    assert_eq!(
        stats.subscriptions.iter().map(|one| one.pins).sum::<u32>(),
        1
    );
    assert_eq!(stats.subscriptions.len(), 2);
    reader.kill();
    served.wait_for_readers(1).await;
    for seq in 2..=40 {
        served.publish();
        assert_eq!(frame(&mut survivor).await.seq(), seq);
    }
    let stats = served.stats().await;
    assert_eq!((stats.dropped, stats.without_slot), (0, 0));
    assert_eq!(
        stats.subscriptions.iter().map(|one| one.pins).sum::<u32>(),
        0
    );
}

#[tokio::test]
async fn another_process_borrows_and_what_it_held_comes_back_when_it_is_killed() {
    let mut served = Served::start().await;
    served.publish();
    let mut borrower = start("borrower", &served.address).await;
    let stats = served.stats().await;
    assert_eq!(stats.subscriptions.len(), 1);
    assert_ne!(stats.subscriptions[0].pid, std::process::id());
    borrower.kill();
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn readers_attach_to_a_server_that_was_killed_and_started_again() {
    let address = address();
    let mut server = start("server", &address).await;
    let channel = Channel::connect(address.clone()).await.unwrap();
    let mut stream = nearcall_sidecar::open(&channel, NAME).await.unwrap();
    let held = frame(&mut stream).await;
    assert_eq!((held.seq(), held.tier()), (3, Tier::Handle));
    assert!(matches!(stream.try_next(), Ok(Now::Nothing)));
    server.kill();
    is_whole(&held);
    let start_again = start("server", &address);
    let (again, fresh) = tokio::join!(start_again, frame(&mut stream));
    assert!((1..=3).contains(&fresh.seq()), "{}", fresh.seq());
    assert_eq!(fresh.tier(), Tier::Handle);
    assert_ne!(fresh.epoch(), held.epoch());
    is_whole(&held);
    drop(again);
}

#[tokio::test]
async fn a_look_finds_that_the_server_was_killed() {
    let address = address();
    let mut server = start("server", &address).await;
    let channel = Channel::connect(address).await.unwrap();
    let mut stream = nearcall_sidecar::open(&channel, NAME).await.unwrap();
    let held = frame(&mut stream).await;
    server.kill();
    let start = Instant::now();
    loop {
        match stream.try_next() {
            Ok(Now::Elsewhere) => break,
            Ok(Now::Nothing) => assert!(start.elapsed() < LONG, "nothing says so"),
            other => panic!("{other:?}"),
        }
    }
    is_whole(&held);
}
