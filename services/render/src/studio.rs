//! The thread that draws, and how it is told what to draw.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use nearcall::frames::meta::Video;
use nearcall::frames::{Details, Frames, Geometry, GeometryError, Meta, PublishError, Writer};
use nearcall::tokio::sync::{oneshot, watch};

use crate::picture::{PIXEL_BYTES, Scene};

/// The channel that pictures are in.
pub(crate) const CHANNEL: &str = "render.main";

/// Memory for so many pictures: one drawn, the latest, the one before it, and nine that viewers hold.
const SLOTS: u32 = 12;

/// Pictures in a second while nobody looks.
const IDLE_HZ: u32 = 2;

/// Orders that wait for the picture that is being drawn.
const ORDERS_MAX: usize = 16;

/// The landscape that is drawn until another is asked for.
const SEED: u64 = 7;

/// The size of pictures, and how many of them in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    width: u32,
    height: u32,
    hz: u32,
}

/// A number that is out of its range.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutOfRange {
    pub(crate) field: &'static str,
    pub(crate) problem: String,
}

/// A picture that is done.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    pub(crate) seq: u64,
    pub(crate) moment: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) took: Duration,
}

/// Why an order was not carried out.
#[derive(Debug)]
pub(crate) enum OrderError {
    /// It says what cannot be.
    Size(OutOfRange),
    /// Others wait already.
    Busy,
    /// There is no memory for pictures of that size.
    Memory(String),
    /// The studio has closed.
    Closed,
}

#[derive(Debug)]
enum Order {
    /// Pictures of another size, but as many in a second.
    Resize(u32, u32, oneshot::Sender<Result<(), OrderError>>),
    Load(u64, oneshot::Sender<Result<(), OrderError>>),
}

impl std::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl std::error::Error for OutOfRange {}

impl Size {
    pub(crate) fn new(width: u32, height: u32, hz: u32) -> Result<Self, OutOfRange> {
        let check = |field, found: u32, least: u32, most: u32| {
            let fits = (least..=most).contains(&found);
            fits.then_some(found).ok_or_else(|| OutOfRange {
                field,
                problem: format!("is {found}; expected {least} to {most}"),
            })
        };
        Ok(Self {
            width: check("width", width, 16, 3_840)?,
            height: check("height", height, 16, 2_160)?,
            hz: check("hz", hz, 1, 240)?,
        })
    }

    fn pixels(self) -> (usize, usize) {
        (self.width as usize, self.height as usize)
    }

    fn bytes(self) -> usize {
        let (width, height) = self.pixels();
        width * height * PIXEL_BYTES
    }

    fn geometry(self) -> Result<Geometry, GeometryError> {
        Geometry::new(SLOTS, self.bytes(), 1)
    }
}

/// The thread that draws. It ends when nobody can give it orders any more.
#[derive(Debug)]
pub(crate) struct Studio {
    orders: Orders,
    thread: JoinHandle<()>,
}

/// Tells the studio what to draw, and hears what is done.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    desk: SyncSender<Order>,
    done: watch::Receiver<Done>,
}

impl Studio {
    pub(crate) fn open(frames: &Frames, size: Size) -> Result<Self, Box<dyn std::error::Error>> {
        let writer = frames.channel(CHANNEL, size.geometry()?)?;
        let (desk, orders) = mpsc::sync_channel(ORDERS_MAX);
        let (tell, done) = watch::channel(Done::default());
        let artist = Artist {
            writer,
            size,
            seed: SEED,
            scene: Scene::new(SEED),
            moment: 0,
        };
        let thread = std::thread::Builder::new()
            .name("studio".to_owned())
            .spawn(move || artist.work(&orders, &tell))?;
        let orders = Orders { desk, done };
        Ok(Self { orders, thread })
    }

    pub(crate) fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// Waits for the picture that is being drawn. The server has to have ended, for it gives orders too.
    pub(crate) fn close(self) {
        drop(self.orders);
        // One that panicked has ended too, and said so.
        let _ = self.thread.join();
    }
}

impl Orders {
    /// Draws pictures of this size from here on.
    pub(crate) async fn resize(&self, width: u32, height: u32) -> Result<(), OrderError> {
        self.give(|reply| Order::Resize(width, height, reply)).await
    }

    /// Draws this landscape from here on.
    pub(crate) async fn load(&self, seed: u64) -> Result<(), OrderError> {
        self.give(|reply| Order::Load(seed, reply)).await
    }

    /// Hears of each picture that is done.
    pub(crate) fn done(&self) -> watch::Receiver<Done> {
        self.done.clone()
    }

    async fn give(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), OrderError>>) -> Order,
    ) -> Result<(), OrderError> {
        let (reply, outcome) = oneshot::channel();
        self.desk
            .try_send(order(reply))
            .map_err(|error| match error {
                TrySendError::Full(_) => OrderError::Busy,
                TrySendError::Disconnected(_) => OrderError::Closed,
            })?;
        outcome.await.unwrap_or(Err(OrderError::Closed))
    }
}

/// Who draws.
struct Artist {
    writer: Writer,
    size: Size,
    seed: u64,
    scene: Scene,
    moment: u64,
}

impl Artist {
    fn work(mut self, orders: &Receiver<Order>, tell: &watch::Sender<Done>) {
        let mut due = Instant::now();
        loop {
            match orders.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(order) => self.carry_out(order),
                Err(RecvTimeoutError::Timeout) => {
                    // Where viewers hold all that there is, the next picture finds room.
                    if let Ok(done) = self.draw() {
                        tell.send_replace(done);
                    }
                    // A picture that took too long makes the next one no earlier than at once.
                    due = (due + self.pause()).max(Instant::now());
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn pause(&self) -> Duration {
        let is_idle = self.writer.stats().subscriptions.is_empty();
        Duration::from_secs(1) / if is_idle { IDLE_HZ } else { self.size.hz }
    }

    fn draw(&mut self) -> Result<Done, PublishError> {
        let begun = Instant::now();
        let captured = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let Size { width, height, .. } = self.size;
        let stride = width * PIXEL_BYTES as u32;
        let details = Details {
            meta: Meta::Video(Video::new(width, height, stride, *b"AB24")),
            captured: u64::try_from(captured.as_nanos()).unwrap_or(0),
            ..Details::default()
        };
        let mut loan = self.writer.loan()?;
        self.scene
            .draw(self.moment, self.size.pixels(), loan.bytes_mut());
        let seq = loan.publish(self.size.bytes(), &details)?;
        let moment = self.moment;
        self.moment += 1;
        Ok(Done {
            seq,
            moment,
            width,
            height,
            took: begun.elapsed(),
        })
    }

    fn carry_out(&mut self, order: Order) {
        // Whoever gave an order may have left since.
        let _ = match order {
            Order::Resize(width, height, reply) => reply.send(self.resize(width, height)),
            Order::Load(seed, reply) => {
                if seed != self.seed {
                    (self.scene, self.seed) = (Scene::new(seed), seed);
                }
                self.moment = 0;
                reply.send(Ok(()))
            }
        };
    }

    fn resize(&mut self, width: u32, height: u32) -> Result<(), OrderError> {
        let size = Size::new(width, height, self.size.hz).map_err(OrderError::Size)?;
        if size != self.size {
            let memory = |error: &dyn std::error::Error| OrderError::Memory(error.to_string());
            let geometry = size.geometry().map_err(|error| memory(&error))?;
            let replaced = self.writer.replace(geometry);
            replaced.map_err(|error| memory(&error))?;
            self.size = size;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_held_to_their_range() {
        let check = |size: (u32, u32, u32), field| {
            let found = Size::new(size.0, size.1, size.2).err();
            assert_eq!(found.map(|error| error.field), field, "{size:?}");
        };
        check((1_920, 1_080, 60), None);
        check((15, 1_080, 60), Some("width"));
        check((1_920, 2_161, 60), Some("height"));
        check((1_920, 1_080, 0), Some("hz"));
    }
}
