//! The one connection of a channel: there, or made by the first call that needs it while the others wait for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tonic::Status;

use super::connect::{ConnectError, Sender, Way, connect};
use super::retry::Backoff;
use crate::lane::Lane;
use crate::report;
use crate::status::Reason;
use crate::wire::Wire;

#[derive(Debug)]
pub(crate) struct Link {
    /// None where the connection was given, and cannot be made again.
    way: Option<Way>,
    state: Mutex<State>,
    /// Held by the one that connects.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    sender: Option<Sender>,
    /// When the last try failed, and why.
    failed: Option<(Instant, Status)>,
}

impl Link {
    pub(crate) fn new(way: Way) -> Self {
        Self {
            way: Some(way),
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// One that has its connection already, and knows no way to another.
    pub(crate) fn given(sender: Sender) -> Self {
        Self::having(None, sender)
    }

    /// One that has its connection already.
    pub(crate) fn with(way: Way, sender: Sender) -> Self {
        Self::having(Some(way), sender)
    }

    fn having(way: Option<Way>, sender: Sender) -> Self {
        let state = State {
            sender: Some(sender),
            failed: None,
        };
        Self {
            way,
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// A new connection.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE; with `wait` none, it is tried again until the future is dropped.
    pub(crate) async fn new_sender(&self, wait: bool) -> Result<Sender, Status> {
        let mut backoff = Backoff::new();
        loop {
            match self.in_turn().await {
                Err(status) if wait && self.way.is_some() => {
                    tracing::debug!(%status, "not ready yet");
                    backoff.wait().await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Connects, and keeps the error as it was; with `wait`, until the server is there.
    pub(crate) async fn connect_now(&self, wait: bool) -> Result<(), ConnectError> {
        let mut backoff = Backoff::new();
        loop {
            match self.connect().await {
                Ok(sender) => {
                    self.state().sender = Some(sender);
                    return Ok(());
                }
                Err(error) if !wait => return Err(error),
                Err(_) => backoff.wait().await,
            }
        }
    }

    /// Connects, unless another call did while this one waited for its turn; its failure is this call's as well.
    async fn in_turn(&self) -> Result<Sender, Status> {
        let asked = Instant::now();
        let _turn = self.turn.lock().await;
        if let Some(sender) = self.open() {
            return Ok(sender);
        }
        if let Some((when, status)) = &self.state().failed
            && *when > asked
        {
            return Err(status.clone());
        }
        let outcome = self.connect().await.map_err(|error| unavailable(&error));
        let mut state = self.state();
        match &outcome {
            Ok(sender) => state.sender = Some(sender.clone()),
            Err(status) => state.failed = Some((Instant::now(), status.clone())),
        }
        outcome
    }

    async fn connect(&self) -> Result<Sender, ConnectError> {
        match &self.way {
            Some(way) => connect(way).await,
            None => Err(ConnectError::GivenEnded(None)),
        }
    }

    /// The wire of the connection there is.
    pub(crate) fn wire(&self) -> Option<Wire> {
        self.open().as_ref().map(Sender::wire)
    }

    /// The connection there is, if it is a lane.
    pub(crate) fn lane(&self) -> Option<Lane> {
        match &self.state().sender {
            Some(Sender::Lane(lane)) => Some(lane.clone()),
            _ => None,
        }
    }

    /// The connection there is.
    pub(crate) fn open(&self) -> Option<Sender> {
        let mut state = self.state();
        if state.sender.as_ref().is_some_and(Sender::is_closed) {
            state.sender = None;
        }
        state.sender.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(error: &ConnectError) -> Status {
    Reason::ConnectFailed.status(report::line(error))
}
