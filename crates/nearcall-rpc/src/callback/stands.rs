//! The stream of callbacks that stands on one HTTP/2 connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::lane::Lane;

/// What the client of one connection hosts, from when its stream is open until that ends.
#[derive(Debug, Default)]
pub(crate) struct Stands(Mutex<Option<Stream>>);

#[derive(Debug)]
struct Stream {
    lane: Lane,
    replaced: CancellationToken,
}

impl Stands {
    /// The way to the client, if it hosts anything.
    pub(super) fn lane(&self) -> Option<Lane> {
        self.stream().as_ref().map(|stream| stream.lane.clone())
    }

    /// Takes up a stream, in place of the one that may be there.
    pub(super) fn take_up(self: &Arc<Self>, lane: Lane) -> Standing {
        let replaced = CancellationToken::new();
        let stream = Stream {
            lane: lane.clone(),
            replaced: replaced.clone(),
        };
        if let Some(earlier) = self.stream().replace(stream) {
            earlier.replaced.cancel();
        }
        Standing {
            stands: Arc::clone(self),
            lane,
            replaced,
        }
    }

    fn stream(&self) -> MutexGuard<'_, Option<Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held as long as a stream stands.
#[derive(Debug)]
pub(super) struct Standing {
    stands: Arc<Stands>,
    lane: Lane,
    /// Cancelled once a later stream has taken its place.
    pub(super) replaced: CancellationToken,
}

impl Drop for Standing {
    fn drop(&mut self) {
        let mut stream = self.stands.stream();
        let ours = |stream: &Stream| stream.lane.is_same(&self.lane);
        if stream.as_ref().is_some_and(ours) {
            *stream = None;
        }
    }
}
