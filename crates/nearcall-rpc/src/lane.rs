//! The joints of the lane: generated code on one side, `nearcall_lane`'s frames on the other.
//!
//! A [`Shared`] is one connection. One task, the [`Driver`](driver::Driver), reads it and polls the handlers of the peer's
//! calls a first time; whoever has something to say puts it into the state under a lock, and writes at once when
//! nothing else is going on, else leaves that to the driver, which writes what has come together.

mod answering;
mod batch;
mod calling;
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

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use answering::Answers;
pub(crate) use batch::Batch;
pub(crate) use calling::{Failure, Made, Outgoing, Whole};
pub(crate) use driver::Ended;
pub(crate) use inflow::Inflow;
pub(crate) use nobody::Nobody;
pub(crate) use open::{Offer, acceptor, offer, within};
pub(crate) use serving::{Origin, Serve};
pub(crate) use state::Arrived;
use state::State;

use crate::wire::Wire;

/// One connection, as everybody who uses it holds it.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
