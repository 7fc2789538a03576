//! The connection that a call came over, for handlers that give something away which must not outlive it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use nearcall_transport::Address;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The connection that a call came over; a handler finds it in the request's extensions.
#[derive(Debug, Clone)]
pub struct Session(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    address: Address,
    ended: CancellationToken,
    companions: Arc<Companions>,
}

impl Session {
    /// A session that ends when the guard is dropped.
    pub(crate) fn begin(address: Address, companions: Arc<Companions>) -> (Self, DropGuard) {
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let facts = Facts {
            address,
            ended,
            companions,
        };
        (Self(Arc::new(facts)), guard)
    }

    /// Where the server took the connection.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Whether both are of one connection.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.ended.is_cancelled()
    }

    /// Done when the connection has ended.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.0.ended.clone().cancelled_owned()
    }

    /// Done when the server begins to stop: for streams that do not end by themselves, and would hold every stop up.
    pub fn server_stops(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.0.companions.stopping.clone().cancelled_owned()
    }

    /// Makes something that has to be gone before the server's own socket is, such as a socket beside it. `make` answers
    /// with that, and with what takes it away again when the server begins to stop. None where it already does.
    ///
    /// `make` runs while the server cannot stop, so it should be short.
    pub fn beside_server<T>(&self, make: impl FnOnce() -> (T, Undo)) -> Option<T> {
        self.0.companions.add(make)
    }
}

/// What has to be taken away when a server stops, before its places are given up.
#[derive(Default)]
pub(crate) struct Companions {
    stopping: CancellationToken,
    undo: Mutex<Vec<Undo>>,
}

/// Takes away again what was made beside a server.
pub type Undo = Box<dyn FnOnce() + Send>;

impl Companions {
    fn add<T>(&self, make: impl FnOnce() -> (T, Undo)) -> Option<T> {
        let mut undo = self.undo.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stopping.is_cancelled() {
            return None;
        }
        let (made, take_away) = make();
        undo.push(take_away);
        Some(made)
    }

    /// Takes everything away; from here on nothing is made.
    pub(crate) fn leave(&self) {
        let undo = {
            let mut undo = self.undo.lock().unwrap_or_else(PoisonError::into_inner);
            self.stopping.cancel();
            std::mem::take(&mut *undo)
        };
        for undo in undo {
            undo();
        }
    }
}

impl Drop for Companions {
    /// A server whose future was dropped, rather than asked to stop, leaves nothing behind either.
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Companions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Companions").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn what_is_made_is_taken_away_once_and_nothing_is_made_after() {
        let companions = Arc::new(Companions::default());
        let address = "memory:session".parse().unwrap();
        let (session, guard) = Session::begin(address, Arc::clone(&companions));
        let taken = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&taken);
        let made = session.beside_server(|| {
            let undo = move || {
                count.fetch_add(1, Ordering::Relaxed);
            };
            (5, Box::new(undo))
        });
        assert_eq!(made, Some(5));
        companions.leave();
        companions.leave();
        assert_eq!(taken.load(Ordering::Relaxed), 1);
        let late = session.beside_server(|| (6, Box::new(|| {})));
        assert_eq!(late, None);
        assert!(!session.is_over());
        drop(guard);
        assert!(session.is_over());
    }
}
