//! The server that is measured: one channel that is written all the time, and now and then changes its size.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nearcall_frames::{Details, Geometry, LoanError};
use nearcall_rpc::Server;
use nearcall_sidecar::{ChannelError, Frames, Writer};
use tokio::sync::oneshot;

use super::LONG;
use super::belongings::Belongings;

pub(crate) const NAME: &str = "soak.main";
pub(crate) const SERVER: &str = "soak";

/// More than goes inline of itself.
const BYTES: usize = 80 * 1_024;

/// A channel changes its size after so many frames.
const FRAMES_OF_ONE_SIZE: u64 = 1_500;

const BETWEEN_FRAMES: Duration = Duration::from_millis(2);

pub(crate) struct Serving {
    frames: Frames,
    over: Arc<AtomicBool>,
    published: Arc<AtomicU64>,
    writing: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Serving {
    pub(crate) async fn start() -> Self {
        let frames = Frames::new();
        frames.allow_files().unwrap();
        let writer = frames.channel(NAME, geometry(0)).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::new(SERVER).add_service(frames.service());
        let server = server.stop_when(async { drop(stopped.await) });
        let bound = server.bind().await.unwrap();
        let task = tokio::spawn(async { drop(bound.serve().await.unwrap()) });
        let over = Arc::new(AtomicBool::new(false));
        let published = Arc::new(AtomicU64::new(0));
        let (told, counted) = (Arc::clone(&over), Arc::clone(&published));
        let writing = std::thread::spawn(move || write(writer, &told, &counted));
        Self {
            frames,
            over,
            published,
            writing,
            stop,
            task,
        }
    }

    pub(crate) fn published(&self) -> u64 {
        self.published.load(Ordering::Relaxed)
    }

    /// Waits until this process has what it should have, all readers having left.
    pub(crate) async fn settled(&self, expected: &Belongings) -> Belongings {
        let deadline = Instant::now() + LONG;
        loop {
            let now = Belongings::now();
            if now.is_same(expected) {
                return now;
            }
            assert!(
                Instant::now() < deadline,
                "expected {expected}, left: {now}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        self.writing.join().unwrap();
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        drop(self.frames);
    }
}

fn geometry(size: u64) -> Geometry {
    let bytes = BYTES + size as usize % 3 * 20_000;
    Geometry::new(2 + 2 + 20, bytes, 2).unwrap()
}

fn write(mut writer: Writer, over: &AtomicBool, published: &AtomicU64) {
    let mut size = 0;
    while !over.load(Ordering::Relaxed) {
        match writer.loan_waiting() {
            Ok(mut loan) => {
                let bytes = payload(loan.seq(), loan.capacity());
                loan.write(0, &bytes).unwrap();
                loan.publish(bytes.len(), &Details::default()).unwrap();
            }
            // A reader asked for it, when it lags.
            Err(LoanError::Dropped { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        published.store(writer.latest(), Ordering::Relaxed);
        if writer.latest() >= FRAMES_OF_ONE_SIZE {
            size += 1;
            let replaced: Result<(), ChannelError> = writer.replace(geometry(size));
            replaced.unwrap();
        }
        std::thread::sleep(BETWEEN_FRAMES);
    }
}

pub(crate) fn payload(seq: u64, bytes: usize) -> Vec<u8> {
    let word = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    let mut all = word.repeat(bytes.div_ceil(word.len()));
    all.truncate(bytes);
    all
}
