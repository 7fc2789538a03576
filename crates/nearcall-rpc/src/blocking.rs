//! Calls for programs without an async runtime: a thread that calls waits, and a game loop asks once a frame.
//!
//! Generated code has a `blocking` client for each service. It drives the same async client: over the lane without a
//! runtime, the calling thread writing and reading itself; with servers that speak gRPC alone, over a runtime of one thread
//! behind the scenes.

mod messages;
mod streaming;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Runtime;

pub use messages::{Messages, Sender, messages};
pub use streaming::Streaming;

use crate::channel::{ChannelBuilder, ConnectError};
use crate::lane::{Lane, Turn};
use crate::wire::Wire;

/// How long a thread waits before it looks again, where there is no connection to wait at.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Connects to a name or an address, as [`Channel::connect`](crate::Channel::connect) does.
///
/// # Errors
///
/// The target says no place, nobody is there, or who is there is not who may be.
///
/// # Panics
///
/// In an async task, where nothing may block, if the server speaks gRPC alone.
pub fn connect(target: impl Into<String>) -> Result<Channel, ConnectError> {
    crate::Channel::builder(target).connect_blocking()
}

/// A connection to a server that comes back by itself, for calls that block: what a generated blocking client is made of.
///
/// Clones share the connection. Threads may call at once; each waits for its own answer.
#[derive(Debug, Clone)]
pub struct Channel {
    inner: crate::Channel,
    drive: Drive,
}

/// Who moves what is called.
#[derive(Debug, Clone)]
enum Drive {
    /// The threads that wait.
    Callers,
    /// A runtime.
    Runtime(Arc<Runtime>),
}

impl Channel {
    pub(crate) const fn on_lane(inner: crate::Channel) -> Self {
        Self {
            inner,
            drive: Drive::Callers,
        }
    }

    pub(crate) fn on_runtime(builder: ChannelBuilder) -> Result<Self, ConnectError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("nearcall-blocking")
            .enable_all()
            .build()
            .map_err(ConnectError::Runtime)?;
        let inner = runtime.block_on(builder.connect())?;
        Ok(Self {
            inner,
            drive: Drive::Runtime(Arc::new(runtime)),
        })
    }

    /// The wire of the connection there is; none where there is none at the moment.
    #[must_use]
    pub fn wire(&self) -> Option<Wire> {
        self.inner.wire()
    }

    /// The channel that async clients are made of. What they begin moves only while something waits here.
    #[must_use]
    pub fn inner(&self) -> crate::Channel {
        self.inner.clone()
    }

    /// Waits for what an async client of [`inner`](Self::inner) does.
    ///
    /// # Panics
    ///
    /// In an async task, where nothing may block, if the server speaks gRPC alone.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        match &self.drive {
            Drive::Runtime(runtime) => runtime.block_on(future),
            Drive::Callers => loop {
                let seen = self.inner.lane().as_ref().map_or(0, Lane::turns);
                if let Poll::Ready(outcome) = poll(future.as_mut()) {
                    return outcome;
                }
                self.turn(Turn::Wait, seen);
            },
        }
    }

    /// Begins what an async client of [`inner`](Self::inner) does, without waiting for it.
    pub fn begin<T>(&self, future: impl Future<Output = T> + Send + 'static) -> Pending<T> {
        let mut pending = Pending {
            channel: self.clone(),
            future: Some(Box::pin(future)),
            outcome: None,
        };
        // With the first poll the call is on its way.
        pending.outcome = pending.look();
        pending
    }

    /// Looks once whether a future is done, without waiting.
    fn look<F: Future + ?Sized>(&self, mut future: Pin<&mut F>) -> Option<F::Output> {
        if let Drive::Runtime(runtime) = &self.drive {
            let _entered = runtime.enter();
            return ready(poll(future));
        }
        ready(poll(future.as_mut())).or_else(|| {
            self.turn(Turn::Look, 0);
            ready(poll(future))
        })
    }

    fn turn(&self, turn: Turn, seen: u64) {
        match self.inner.lane() {
            Some(lane) if !lane.is_closed() && lane.turn(turn, seen) => {}
            _ if turn == Turn::Wait => std::thread::sleep(LOOK_AGAIN),
            _ => {}
        }
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// A call that was begun: ask for its outcome once a frame. Dropped before it is there, the call is cancelled.
pub struct Pending<T> {
    channel: Channel,
    /// None once it is done.
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    outcome: Option<T>,
}

impl<T> Pending<T> {
    /// The outcome, once, if it is there; never waits.
    pub fn try_take(&mut self) -> Option<T> {
        self.outcome.take().or_else(|| self.look())
    }

    /// Waits for the outcome; none if it was taken before.
    #[must_use]
    pub fn wait(mut self) -> Option<T> {
        if self.outcome.is_some() {
            return self.outcome;
        }
        let future = self.future.take()?;
        Some(self.channel.wait(future))
    }

    /// Whether the outcome is still to come.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.future.is_some()
    }

    fn look(&mut self) -> Option<T> {
        let outcome = self.channel.look(self.future.as_mut()?.as_mut())?;
        self.future = None;
        Some(outcome)
    }
}

impl<T> std::fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}
