//! The life of one service: wait, start, watch, start again, stop.

use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{broadcast, watch};
use tokio::time::{sleep, sleep_until, timeout};

use super::backoff::{Backoff, Verdict};
use super::child::Process;
use super::{Event, Health, Limits, LogSink, Probe, Spec, State, Status};
use crate::imp::{ASKED_BY, ending};
use crate::log_file::Source;

/// What a service is told to do. Within one life it only ever goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Live.
    Run,
    /// End, within the service's time.
    Stop,
    /// End now.
    Kill,
}

/// The orders of one service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Orders {
    /// Which life is meant, counted from 0; each start by order begins a new one.
    pub(super) life: u32,
    /// What to do in it.
    pub(super) order: Order,
}

/// Everything that the lives of one service take.
#[derive(Debug)]
pub(super) struct Service<P> {
    pub(super) spec: Spec,
    pub(super) world: String,
    pub(super) limits: Limits,
    pub(super) probe: P,
    pub(super) log: LogSink,
    /// The services that have to serve before this one starts.
    pub(super) before: Vec<watch::Receiver<Status>>,
    pub(super) orders: watch::Receiver<Orders>,
    pub(super) status: watch::Sender<Status>,
    pub(super) events: broadcast::Sender<Event>,
}

/// Why a process is no more.
enum End {
    /// By order; in words.
    Stopped(String),
    /// By itself, or because it never served; in words.
    Failed(String),
}

impl<P: Probe> Service<P> {
    /// Lives one life after another: each until the service is stopped or given up, the next when it is ordered.
    pub(super) async fn run(mut self) {
        let mut ended = self.wait_for_those_before().await.err();
        loop {
            let life = self.orders.borrow().life;
            let (state, detail) = match ended.take() {
                Some(ended) => ended,
                None => self.live().await,
            };
            if state == State::Failed {
                self.log.write(Source::Sup, format!("given up: {detail}"));
            }
            self.tell(|status| {
                status.state = state;
                status.detail = detail;
                status.pid = None;
                status.started = None;
            });
            if self
                .orders
                .wait_for(|orders| orders.life > life)
                .await
                .is_err()
            {
                return;
            }
            self.tell(|status| {
                status.state = State::Starting;
                status.detail = "started by order".to_owned();
                status.restarts += 1;
            });
        }
    }

    async fn wait_for_those_before(&mut self) -> Result<(), (State, String)> {
        let before = std::mem::take(&mut self.before);
        for mut status in before {
            let name = status.borrow().name.clone();
            let served = async {
                let ready =
                    |status: &Status| status.state == State::Serving || status.state.is_final();
                // A life that is gone without a word has failed.
                status
                    .wait_for(ready)
                    .await
                    .map_or(State::Failed, |status| status.state)
            };
            let state = tokio::select! {
                () = ordered(&mut self.orders, Order::Stop) => State::Stopped,
                state = served => state,
            };
            match state {
                State::Serving => {}
                State::Failed => {
                    return Err((State::Failed, format!("needs {name}, which failed")));
                }
                _ => return Err((State::Stopped, "stopped before it was started".to_owned())),
            }
        }
        Ok(())
    }

    async fn live(&mut self) -> (State, String) {
        let mut backoff = Backoff::new(self.limits.clone());
        loop {
            let reason = match self.live_once().await {
                End::Stopped(detail) => return (State::Stopped, detail),
                End::Failed(reason) => reason,
            };
            let Verdict::Again(pause) = backoff.fail(Instant::now()) else {
                let Limits {
                    failures_max,
                    failure_window,
                    ..
                } = &self.limits;
                return (
                    State::Failed,
                    format!(
                        "{reason}; {failures_max} failures within {}",
                        words(*failure_window)
                    ),
                );
            };
            let detail = format!("{reason}; starts again in {} ms", pause.as_millis());
            self.log.write(Source::Sup, detail.clone());
            self.tell(|status| {
                status.state = State::Backoff;
                status.detail = detail;
                status.pid = None;
                status.started = None;
            });
            tokio::select! {
                () = sleep(pause) => {}
                () = ordered(&mut self.orders, Order::Stop) => {
                    return (State::Stopped, "stopped between two starts".to_owned());
                }
            }
            self.tell(|status| status.restarts += 1);
        }
    }

    /// The life of one process.
    async fn live_once(&mut self) -> End {
        let mut process = match Process::start(&self.spec, &self.world, &self.log) {
            Ok(process) => process,
            Err(error) => {
                return End::Failed(format!(
                    "cannot start `{}`: {error}",
                    self.spec.run.join(" ")
                ));
            }
        };
        let pid = process.pid();
        self.log.write(Source::Sup, format!("started, pid {pid}"));
        self.tell(|status| {
            status.state = State::Starting;
            status.pid = Some(pid);
            status.started = Some(SystemTime::now());
            status.detail = "started".to_owned();
        });
        let ready_until = tokio::time::Instant::now() + self.limits.ready_wait;
        let mut served = false;
        let mut last_health = "it was not asked yet".to_owned();
        let mut orders = self.orders.clone();
        loop {
            let interval = match self.status.borrow().state {
                State::Serving => self.limits.serving_probe_interval,
                _ => self.limits.starting_probe_interval,
            };
            let health = async {
                sleep(interval).await;
                timeout(self.limits.probe_wait, self.probe.health(&self.spec)).await
            };
            tokio::select! {
                biased;
                () = ordered(&mut orders, Order::Stop) => {
                    return End::Stopped(self.stop(process).await);
                }
                ended = process.ended() => {
                    return End::Failed(match ended {
                        Ok(()) => self.reap(process).await,
                        Err(error) => format!("cannot be waited for: {error}"),
                    });
                }
                () = sleep_until(ready_until), if !served => {
                    self.stop(process).await;
                    return End::Failed(format!(
                        "did not serve within {}: {last_health}",
                        words(self.limits.ready_wait)
                    ));
                }
                health = health => {
                    let health = health.unwrap_or_else(|_| Health::Unreachable(format!(
                        "its health check took longer than {}",
                        words(self.limits.probe_wait)
                    )));
                    served |= health == Health::Serving;
                    last_health = self.note_health(health, served);
                }
            }
        }
    }

    /// Tells a change in health; answers with the health in words.
    fn note_health(&self, health: Health, served: bool) -> String {
        let (state, detail) = match health {
            Health::Serving => (State::Serving, "serving".to_owned()),
            Health::NotServing => (
                State::NotServing,
                "its health check says NOT_SERVING".to_owned(),
            ),
            Health::Unreachable(why) => (State::NotServing, why),
        };
        if served && self.status.borrow().state != state {
            self.log.write(Source::Sup, detail.clone());
            self.tell(|status| {
                status.state = state;
                status.detail.clone_from(&detail);
            });
        }
        detail
    }

    /// Ends a process: asks, waits, and kills what is left; answers with how it went in words.
    async fn stop(&self, mut process: Process) -> String {
        self.tell(|status| {
            status.state = State::Stopping;
            status.detail = "stopping".to_owned();
        });
        let mut orders = self.orders.clone();
        let mut killed = None;
        if orders.borrow().order < Order::Kill {
            match process.terminate() {
                Ok(()) => tokio::select! {
                    _ = process.ended() => {}
                    () = sleep(self.spec.stop_timeout) => {
                        killed = Some(format!(
                            "killed: it did not end within {} of {ASKED_BY}",
                            words(self.spec.stop_timeout)
                        ));
                    }
                    () = ordered(&mut orders, Order::Kill) => {}
                },
                // To wait would be for nothing.
                Err(error) => {
                    killed = Some(format!("killed: {ASKED_BY} does not reach it: {error}"));
                }
            }
        }
        if killed.is_none() && orders.borrow().order == Order::Kill {
            killed = Some("killed: it was not given time to end".to_owned());
        }
        process.kill();
        // From here on the end is the kernel's word.
        let _ = process.ended().await;
        let ending = self.reap(process).await;
        let detail = killed.unwrap_or_else(|| format!("stopped: {ending}"));
        self.log.write(Source::Sup, detail.clone());
        detail
    }

    async fn reap(&self, process: Process) -> String {
        let ending = match process.reap(&self.limits).await {
            Ok(status) => ending(status),
            Err(error) => format!("cannot be waited for: {error}"),
        };
        self.status
            .send_modify(|status| status.last_exit.clone_from(&ending));
        ending
    }

    fn tell(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(change);
        // Nobody has to listen.
        let _ = self.events.send(Event {
            at: SystemTime::now(),
            status: self.status.borrow().clone(),
        });
    }
}

/// Waits for an order of at least `order`; a supervisor that is gone gives the highest.
async fn ordered(orders: &mut watch::Receiver<Orders>, order: Order) {
    let _ = orders.wait_for(|given| given.order >= order).await;
}

/// A duration as people write it, `10s`.
fn words(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(duration)
}
