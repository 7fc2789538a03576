//! Frames that a server holds for a client that polls.

use std::sync::Arc;

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::limits::LEASES_MAX;

/// What lets go of them, on a task of its own: a frame may be dropped where nobody can wait, and without a runtime.
#[derive(Debug)]
pub(super) struct Leases {
    /// Bounded by the places.
    up: mpsc::UnboundedSender<Over>,
    places: Arc<Semaphore>,
    /// One more for each that was handed on and is not dropped yet.
    held: Arc<()>,
}

/// Room for one more.
#[derive(Debug)]
pub(super) struct Place {
    up: mpsc::UnboundedSender<Over>,
    place: OwnedSemaphorePermit,
}

/// A frame that is held until this is dropped.
#[derive(Debug)]
pub(super) struct Lent {
    up: mpsc::UnboundedSender<Over>,
    over: Option<Over>,
    held: Option<Arc<()>>,
}

/// A lease to let go of, and the place that is free once the server has.
type Over = (Vec<u8>, OwnedSemaphorePermit);

impl Leases {
    pub(super) fn new(channel: &Channel) -> Self {
        let (up, over) = mpsc::unbounded_channel();
        tokio::spawn(let_go(channel.clone(), over));
        Self {
            up,
            places: Arc::new(Semaphore::new(LEASES_MAX)),
            held: Arc::default(),
        }
    }

    /// Room for one more, once the server has let go of what was dropped; none where as many are held as may be.
    pub(super) async fn place(&self) -> Option<Place> {
        if Arc::strong_count(&self.held) > LEASES_MAX {
            return None;
        }
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some(Place {
            up: self.up.clone(),
            place,
        })
    }

    /// Hands a frame on, to whom it counts from here on.
    pub(super) fn hand_on(&self, lent: &mut Lent) {
        lent.held = Some(Arc::clone(&self.held));
    }
}

impl Place {
    /// It is taken, by what the server holds under that lease.
    pub(super) fn lent(self, lease: Vec<u8>) -> Lent {
        Lent {
            up: self.up,
            over: Some((lease, self.place)),
            held: None,
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        drop(self.held.take());
        if let Some(over) = self.over.take() {
            // Without a runtime that lets go of it, its connection is about to end.
            let _ = self.up.send(over);
        }
    }
}

async fn let_go(channel: Channel, mut over: mpsc::UnboundedReceiver<Over>) {
    let mut client = FramesClient::new(channel);
    while let Some((lease, place)) = over.recv().await {
        // Where the server is gone, it holds nothing.
        let _ = client.release(wire::ReleaseRequest { lease }).await;
        drop(place);
    }
}
