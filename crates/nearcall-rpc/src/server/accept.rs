//! The accept loop: connections come in, a bounded number of them, each in a task of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nearcall_transport::{AcceptError, Address, Connection, Listener, PeerPolicy};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::Limits;
use crate::server::calls::Calls;
use crate::server::connection;
use crate::server::newcomers::Newcomers;
use crate::server::router::Router;
use crate::server::session::{Companions, Session};

/// What the connections of one server share.
#[derive(Debug)]
pub(crate) struct Accept {
    pub(crate) router: Router,
    pub(crate) calls: Arc<Calls>,
    pub(crate) limits: Limits,
    pub(crate) peers: PeerPolicy,
    pub(crate) heal: bool,
    /// Whether peers may speak the lane.
    pub(crate) lane: bool,
    pub(crate) newcomers: Arc<Newcomers>,
    /// What handlers made beside the listeners.
    pub(crate) companions: Arc<Companions>,
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) tasks: TaskTracker,
    /// No new connections, no new calls; those in flight go on.
    pub(crate) stop: CancellationToken,
    /// The connections there are end where they stand.
    pub(crate) abort: CancellationToken,
}

impl Accept {
    /// Takes connections in until the server stops.
    pub(crate) async fn run(self: &Arc<Self>, listener: &mut Listener) -> Result<(), AcceptError> {
        let address = listener.address().clone();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                accepted = listener.accept() => self.take_in(accepted?, &address),
            }
        }
    }

    fn take_in(self: &Arc<Self>, connection: Connection, address: &Address) {
        let Some(place) = Place::take(&self.connections, self.limits.connections_max) else {
            let peer = connection.peer();
            tracing::warn!(%peer, max = self.limits.connections_max, "closed a connection: there are too many");
            return;
        };
        let newcomer = self.newcomers.enter();
        let accept = Arc::clone(self);
        let (session, ending) = Session::begin(address.clone(), Arc::clone(&self.companions));
        self.tasks.spawn(async move {
            let _place = place;
            let _ending = ending;
            tokio::select! {
                () = connection::serve(&accept, connection, session, newcomer, &accept.stop) => {}
                () = accept.abort.cancelled() => {}
            }
        });
    }
}

/// A place among the connections; dropping it gives the place back.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(connections: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let place = Self(Arc::clone(connections));
        // On failure the drop of `place` gives back what was added here.
        (connections.fetch_add(1, Ordering::Relaxed) < max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
