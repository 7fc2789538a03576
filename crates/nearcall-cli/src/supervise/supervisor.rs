//! All services of a plan, together.

use std::collections::BTreeSet;
use std::io;

use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use super::limits::EVENT_QUEUE_MAX;
use super::service::{Order, Orders, Service};
use super::{Event, Limits, LogSink, Plan, Probe, Spec, State, Status};
use crate::names::ServiceName;

/// The services of a plan, each living its own life. Dropping it kills what still runs.
#[derive(Debug)]
pub(crate) struct Supervisor {
    members: Vec<Member>,
    events: broadcast::Sender<Event>,
    /// How many services are on their way from one life to the next.
    restarting: watch::Sender<usize>,
    _lives: JoinSet<()>,
}

#[derive(Debug)]
struct Member {
    spec: Spec,
    status: watch::Receiver<Status>,
    orders: watch::Sender<Orders>,
}

/// A service that was needed and does not serve.
#[derive(Debug, thiserror::Error)]
#[error("{name} does not serve: {detail}")]
pub(crate) struct StartError {
    /// The service.
    pub(crate) name: ServiceName,
    /// Why, in words.
    pub(crate) detail: String,
}

/// A name that is not one of the plan's.
#[derive(Debug, thiserror::Error)]
#[error("{name} is not a service of this supervisor; there are: {}", known.join(", "))]
pub(crate) struct UnknownService {
    /// The name.
    pub(crate) name: ServiceName,
    /// The names that there are.
    pub(crate) known: Vec<String>,
}

impl Supervisor {
    /// Starts the services of `plan` in its order; `log` opens the log of each.
    ///
    /// # Errors
    /// When a log cannot be opened; nothing is started then.
    pub(crate) fn start<P: Probe>(
        plan: &Plan,
        world: &str,
        limits: &Limits,
        probe: &P,
        log: impl FnMut(&ServiceName) -> io::Result<LogSink>,
    ) -> io::Result<Self> {
        let logs: Vec<_> = plan
            .specs()
            .iter()
            .map(|spec| &spec.name)
            .map(log)
            .collect::<Result<_, _>>()?;
        let (events, _) = broadcast::channel(EVENT_QUEUE_MAX);
        let mut members: Vec<Member> = Vec::new();
        let mut lives = JoinSet::new();
        for (spec, log) in plan.specs().iter().zip(logs) {
            let (status, status_seen) = watch::channel(Status {
                name: spec.name.clone(),
                state: State::Waiting,
                pid: None,
                started: None,
                restarts: 0,
                last_exit: String::new(),
                detail: "waiting".to_owned(),
            });
            let (orders, orders_seen) = watch::channel(Orders {
                life: 0,
                order: Order::Run,
            });
            let before = members
                .iter()
                .filter(|member| spec.after.contains(&member.spec.name))
                .map(|member| member.status.clone())
                .collect();
            lives.spawn(
                Service {
                    spec: spec.clone(),
                    world: world.to_owned(),
                    limits: limits.clone(),
                    probe: probe.clone(),
                    log,
                    before,
                    orders: orders_seen,
                    status,
                    events: events.clone(),
                }
                .run(),
            );
            members.push(Member {
                spec: spec.clone(),
                status: status_seen,
                orders,
            });
        }
        Ok(Self {
            members,
            events,
            restarting: watch::Sender::new(0),
            _lives: lives,
        })
    }

    /// Every service as it stands, in the order of the plan.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        self.members
            .iter()
            .map(|member| member.status.borrow().clone())
            .collect()
    }

    /// What happens from now on. A reader that falls behind loses the oldest events.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Waits until every service serves.
    ///
    /// # Errors
    /// The first service that is given up or stopped.
    pub(crate) async fn all_serving(&self) -> Result<(), StartError> {
        let mut events = self.subscribe();
        loop {
            let statuses = self.statuses();
            // A service that failed because of another one is not the cause.
            let ended = statuses
                .iter()
                .filter(|status| status.state.is_final())
                .min_by_key(|status| status.restarts == 0 && status.detail.starts_with("needs "));
            if let Some(status) = ended {
                return Err(StartError {
                    name: status.name.clone(),
                    detail: status.detail.clone(),
                });
            }
            if statuses.iter().all(|status| status.state == State::Serving) {
                return Ok(());
            }
            // Lost events do not matter: the statuses are read anew.
            let _ = events.recv().await;
        }
    }

    /// Waits until every service is stopped or given up, and none is about to be started again.
    pub(crate) async fn all_ended(&self) {
        let mut restarting = self.restarting.subscribe();
        loop {
            for member in &self.members {
                ended(member.status.clone()).await;
            }
            let all_final = || self.statuses().iter().all(|status| status.state.is_final());
            // The sender is this supervisor's, so it does not go away.
            let _ = restarting.wait_for(|count| *count == 0).await;
            if all_final() {
                return;
            }
        }
    }

    /// Whether all of these are services of the plan.
    ///
    /// # Errors
    /// The first that is not.
    pub(crate) fn know(&self, names: &[ServiceName]) -> Result<(), UnknownService> {
        names
            .iter()
            .try_for_each(|name| self.member(name).map(drop))
    }

    fn member(&self, name: &ServiceName) -> Result<&Member, UnknownService> {
        let member = self.members.iter().find(|member| member.spec.name == *name);
        member.ok_or_else(|| UnknownService {
            name: name.clone(),
            known: self
                .members
                .iter()
                .map(|member| member.spec.name.to_string())
                .collect(),
        })
    }

    /// Stops one service, as it is, and starts it again with its failures forgotten; answers once it serves, or is
    /// given up or stopped again.
    ///
    /// # Errors
    /// When there is no such service.
    pub(crate) async fn restart(&self, name: &ServiceName) -> Result<Status, UnknownService> {
        let member = self.member(name)?;
        let _restarting = Restarting::of(&self.restarting);
        give(&member.orders, Order::Stop);
        ended(member.status.clone()).await;
        let mut status = member.status.clone();
        status.mark_unchanged();
        member.orders.send_modify(|orders| {
            orders.life += 1;
            orders.order = Order::Run;
        });
        // The new life begins by saying so; what is final after that is its own end.
        while status.changed().await.is_ok() {
            let now = status.borrow_and_update().clone();
            if now.state == State::Serving || now.state.is_final() {
                return Ok(now);
            }
        }
        Ok(member.status.borrow().clone())
    }

    /// Stops services and those that need them, the needing ones first; all of them for no names. Services that do
    /// not need each other stop at the same time.
    pub(crate) async fn stop(&self, names: &[ServiceName]) {
        let stopping = self.with_those_that_need(names);
        let mut stops = JoinSet::new();
        for member in self
            .members
            .iter()
            .filter(|member| stopping.contains(&member.spec.name))
        {
            let needing: Vec<_> = self
                .members
                .iter()
                .filter(|other| other.spec.after.contains(&member.spec.name))
                .map(|other| other.status.clone())
                .collect();
            let (orders, status) = (member.orders.clone(), member.status.clone());
            stops.spawn(async move {
                for needing in needing {
                    ended(needing).await;
                }
                give(&orders, Order::Stop);
                ended(status).await;
            });
        }
        while stops.join_next().await.is_some() {}
    }

    /// Kills everything that still runs.
    pub(crate) fn kill(&self) {
        for member in &self.members {
            give(&member.orders, Order::Kill);
        }
    }

    /// The names that [`stop`](Self::stop) stops for `names`.
    pub(crate) fn with_those_that_need(&self, names: &[ServiceName]) -> BTreeSet<ServiceName> {
        let mut all: BTreeSet<_> = names.iter().cloned().collect();
        for Member { spec, .. } in &self.members {
            if names.is_empty() || spec.after.iter().any(|name| all.contains(name)) {
                all.insert(spec.name.clone());
            }
        }
        all
    }
}

/// Counts one restart for as long as it lives.
struct Restarting<'a>(&'a watch::Sender<usize>);

impl<'a> Restarting<'a> {
    fn of(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Restarting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// An order is not taken back within a life.
fn give(orders: &watch::Sender<Orders>, order: Order) {
    orders.send_if_modified(|current| {
        let higher = order > current.order;
        current.order = order.max(current.order);
        higher
    });
}

async fn ended(mut status: watch::Receiver<Status>) {
    // A life that is gone without a word has ended as well.
    let _ = status.wait_for(|status| status.state.is_final()).await;
}
