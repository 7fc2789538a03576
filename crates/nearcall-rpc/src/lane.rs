//! The joints of the lane: generated code on one side, `nearcall_lane`'s frames on the other.
//!
//! A [`Shared`] is one connection. One task, the [`Driver`](driver::Driver), reads it and polls the handlers of the peer's
//! calls a first time; whoever has something to say puts it into the state under a lock, and writes at once when
//! nothing else is going on, else leaves that to the driver, which writes what has come together.

mod answering;
mod batch;
mod calling;
mod crank;
mod driver;
pub(crate) mod framing;
mod inflow;
mod keepalive;
mod nobody;
mod open;
mod sending;
mod serving;
mod slot;
mod slow;
mod state;
mod writer;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use answering::Answers;
pub(crate) use batch::Batch;
pub(crate) use calling::{Failure, Made, Outgoing, Whole};
use crank::Crank;
pub(crate) use crank::Turn;
pub(crate) use driver::Ended;
pub(crate) use inflow::Inflow;
pub(crate) use nobody::Nobody;
pub(crate) use open::{Offer, acceptor, offer, offer_blocking, within};
pub(crate) use serving::{Origin, Serve};
pub(crate) use state::Arrived;
use state::State;
use tokio::task::AbortHandle;

use crate::wire::Wire;

/// One connection, as everybody who uses it holds it.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Where no task drives the connection, what those who wait turn.
    crank: Option<Crank>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what sends the messages of a call, in a task or with the turns.
    fn run(&self, sending: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
        match &self.crank {
            None => Some(tokio::spawn(sending).abort_handle()),
            Some(crank) => {
                crank.add(Box::pin(sending));
                None
            }
        }
    }

    /// Takes no more of the peer's calls; those that came go on.
    pub(crate) fn go_away(&self) {
        let mut state = self.state();
        state.connection.go_away();
        state.wake_driver();
    }
}

/// Makes calls on a connection. The connection of a client ends with the last of them and of their calls.
#[derive(Debug, Clone)]
pub(crate) struct Lane(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    /// What its bytes travel on in the end.
    wire: Wire,
}

impl Lane {
    pub(crate) fn new(shared: Arc<Shared>, wire: Wire) -> Self {
        Self(Arc::new(Handle { shared, wire }))
    }

    /// Whether it is the very same, and not another of the same connection.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn wire(&self) -> Wire {
        self.0.wire
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// How often the connection was turned.
    pub(crate) fn turns(&self) -> u64 {
        let crank = self.shared().crank.as_ref();
        crank.map_or(0, Crank::turns)
    }

    /// Turns a connection that has no task; false where it has one.
    pub(crate) fn turn(&self, turn: Turn, seen: u64) -> bool {
        let crank = self.shared().crank.as_ref();
        crank
            .map(|crank| crank.turn(self.shared(), turn, seen))
            .is_some()
    }

    /// Whether a call would be taken now.
    pub(crate) fn is_ready(&self) -> bool {
        self.shared().state().is_ready()
    }

    /// Whether no further call can be made.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared().state().is_closed()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.unused = true;
        state.wake_driver();
    }
}
