//! A server of frames in a task of the test's own, at an address of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nearcall_frames::{Details, Geometry};
use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::{Channel, Drained, Server};
use nearcall_sidecar::{FrameStream, Frames, Options, Tier, Writer};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Far longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Longer than one message brings, so that inline frames come in pieces.
pub(crate) const BYTES: usize = 300 * 1_024;

pub(crate) const NAME: &str = "render.main";

/// The ways by which frames are looked at in place.
pub(crate) const IN_PLACE: &[Tier] = if cfg!(target_os = "linux") {
    &[Tier::Broker, Tier::Proc]
} else {
    &[Tier::Broker]
};

/// The way where there is no broker to be had.
pub(crate) const NEXT: Tier = if cfg!(target_os = "linux") {
    Tier::Proc
} else {
    Tier::Inline
};

pub(crate) struct Served {
    pub(crate) frames: Frames,
    pub(crate) writer: Writer,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Drained>,
}

/// Room for six frames that are held, and three that are kept.
pub(crate) fn geometry() -> Geometry {
    Geometry::new(2 + 2 + 6, BYTES, 2).unwrap()
}

impl Served {
    pub(crate) async fn start() -> Self {
        Self::start_with(geometry()).await
    }

    pub(crate) async fn start_with(geometry: Geometry) -> Self {
        Self::start_as(geometry, |server| server).await
    }

    /// With settings of the server.
    pub(crate) async fn start_where(settings: impl FnOnce(Server) -> Server) -> Self {
        Self::start_as(geometry(), settings).await
    }

    async fn start_as(geometry: Geometry, settings: impl FnOnce(Server) -> Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let frames = frames_in(folder.path());
        let writer = frames.channel(NAME, geometry).unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = Server::new(address(&folder))
            .add_service(frames.service())
            .stop_when(async {
                // A dropped sender is a test that is over.
                let _ = stopped.await;
            });
        let bound = settings(server).bind().await.unwrap();
        let task = tokio::spawn(async { bound.serve().await.unwrap() });
        Self {
            frames,
            writer,
            folder,
            stop,
            task,
        }
    }

    pub(crate) fn address(&self) -> String {
        address(&self.folder)
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The files that frames go by, and nothing else.
    pub(crate) fn frame_files(&self) -> Vec<PathBuf> {
        frame_files(self.folder.path())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn broker(&self) -> PathBuf {
        self.folder.path().join("frames.sock.frames")
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::connect(self.address()).await.unwrap()
    }

    pub(crate) async fn client(&self) -> FramesClient<Channel> {
        FramesClient::new(self.channel().await)
    }

    /// Frames by one way alone.
    pub(crate) async fn open(&self, tier: Tier, options: Options) -> FrameStream {
        let stream = by(tier, options).open(&self.channel().await, NAME).await;
        let stream = stream.unwrap();
        assert_eq!(stream.tier(), Some(tier));
        stream
    }

    pub(crate) fn publish(&mut self) -> u64 {
        publish(&mut self.writer)
    }

    pub(crate) async fn stats(&self) -> wire::StatsResponse {
        let channel = NAME.to_owned();
        let request = wire::StatsRequest { channel };
        let answer = self.client().await.stats(request).await.unwrap();
        answer.into_inner()
    }

    /// Waits until the server knows of so many readers.
    pub(crate) async fn wait_for_readers(&self, count: usize) {
        let mut client = self.client().await;
        let look = async {
            loop {
                let channel = NAME.to_owned();
                let answer = client.stats(wire::StatsRequest { channel }).await.unwrap();
                if answer.into_inner().subscriptions.len() == count {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(LONG, look).await;
        assert!(found.is_ok(), "expected {count} readers");
    }

    pub(crate) async fn stop(self) -> (Drained, TempDir, Writer) {
        let _ = self.stop.send(());
        (self.task.await.unwrap(), self.folder, self.writer)
    }
}

/// Channels whose frames may come by every way, with files in this folder.
pub(crate) fn frames_in(folder: &Path) -> Frames {
    if folder.exists() {
        let alone = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder, alone).unwrap();
    }
    let frames = Frames::new();
    #[cfg(target_os = "linux")]
    frames.allow_files_in(folder).unwrap();
    frames
}

fn address(folder: &TempDir) -> String {
    format!("unix:{}", folder.path().join("frames.sock").display())
}

/// The files in a folder that frames go by.
pub(crate) fn frame_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    // What a UUID and the ending have.
    let long = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 36 + 7);
    let mut found: Vec<_> = paths.filter(long).collect();
    found.sort();
    found
}

/// These options, by one way alone, however short the frames are.
pub(crate) fn by(tier: Tier, mut options: Options) -> Options {
    options.tiers = vec![tier];
    options.inline_below = 0;
    options
}

/// Publishes a frame whose bytes say its number.
pub(crate) fn publish(writer: &mut Writer) -> u64 {
    let seq = writer.latest() + 1;
    let bytes = payload(seq, writer.geometry().payload_bytes());
    let mut loan = writer.loan().unwrap();
    loan.write(0, &bytes).unwrap();
    let details = Details {
        captured: seq,
        ..Details::default()
    };
    assert_eq!(loan.publish(bytes.len(), &details), Ok(seq));
    seq
}

pub(crate) fn payload(seq: u64, bytes: usize) -> Vec<u8> {
    let word = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    let mut bytes_of_words = word.repeat(bytes.div_ceil(word.len()));
    bytes_of_words.truncate(bytes);
    bytes_of_words
}

/// The next frame, held against what its number says it has.
pub(crate) async fn frame(stream: &mut FrameStream) -> nearcall_sidecar::Frame {
    let next = tokio::time::timeout(LONG, stream.next()).await;
    let frame = next.expect("a frame comes").unwrap().expect("no end");
    assert!(
        frame.bytes() == payload(frame.seq(), frame.bytes().len()),
        "frame {} is torn",
        frame.seq()
    );
    assert_eq!(frame.info().captured, frame.seq());
    frame
}
