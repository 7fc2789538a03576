//! Runs services as processes: in the order of what they need, watched by their health, restarted with patience, and
//! stopped in reverse.
//!
//! Nothing in here prints and nothing speaks gRPC: health comes from a [`Probe`], and what happens is told as [`Event`]s.

mod backoff;
mod child;
mod limits;
mod lines;
mod plan;
mod service;
mod supervisor;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

pub(crate) use limits::Limits;
pub(crate) use lines::{LogSink, Shown};
pub(crate) use plan::{CycleError, Plan};
pub(crate) use supervisor::{StartError, Supervisor};

use crate::names::ServiceName;

/// What there is to know to run one service.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// The name it is registered under.
    pub(crate) name: ServiceName,
    /// The command that builds it, if any.
    pub(crate) build: Option<Vec<String>>,
    /// The program and its arguments; not empty.
    pub(crate) run: Vec<String>,
    /// The folder it runs in.
    pub(crate) dir: PathBuf,
    /// Environment variables beside the supervisor's own.
    pub(crate) env: BTreeMap<String, String>,
    /// The services that have to serve before this one starts.
    pub(crate) after: Vec<ServiceName>,
    /// The service name asked of gRPC health; empty for the server as a whole.
    pub(crate) health: String,
    /// How long it may take to end once it is asked to.
    pub(crate) stop_timeout: Duration,
}

/// Where a service is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Waits for the services it comes after.
    Waiting,
    /// Its process runs and does not serve yet.
    Starting,
    /// Its health is SERVING.
    Serving,
    /// It served, and its health now says that it does not.
    NotServing,
    /// Its process ended; the next one starts after a pause.
    Backoff,
    /// Given up.
    Failed,
    /// Asked to end.
    Stopping,
    /// Ended because it was asked to.
    Stopped,
}

impl State {
    /// Whether nothing more will happen.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Stopped)
    }
}

/// One service as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    /// The service.
    pub(crate) name: ServiceName,
    /// Where it is in its life.
    pub(crate) state: State,
    /// Its process, while there is one.
    pub(crate) pid: Option<u32>,
    /// When its process started.
    pub(crate) started: Option<SystemTime>,
    /// How many times it was started again, by the supervisor or by order.
    pub(crate) restarts: u32,
    /// How its latest process ended, in words; empty when none has.
    pub(crate) last_exit: String,
    /// The latest thing worth saying about it.
    pub(crate) detail: String,
}

/// A change in a service's status.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// When it happened.
    pub(crate) at: SystemTime,
    /// The status after it.
    pub(crate) status: Status,
}

/// What a health check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Health {
    /// The service says SERVING.
    Serving,
    /// It answers, and says something else.
    NotServing,
    /// It does not answer; why, in words.
    Unreachable(String),
}

/// Asks a service how it is.
pub(crate) trait Probe: Clone + Send + Sync + 'static {
    /// Asks once. The caller bounds the wait.
    fn health(&self, spec: &Spec) -> impl Future<Output = Health> + Send;
}

#[cfg(test)]
mod testing;
/// Their services are scripts of a shell; where there is none, `tests/it/lifecycle.rs` supervises programs.
#[cfg(test)]
#[cfg(unix)]
mod tests;
