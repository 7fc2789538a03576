//! The serving side, within `up`.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use nearcall::proto::supervisor::v1 as wire;
use nearcall::proto::supervisor::v1::supervisor_server::SupervisorServer;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Request, Response, Status as RpcStatus, async_trait};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::message;
use crate::log_file::{Follow, Record};
use crate::names::{ServiceName, World};
use crate::output;
use crate::state_folder::StateFolder;
use crate::supervise::{Event, State, Supervisor};

/// How many answers may wait for a caller of a stream; then the stream waits for it.
const ANSWERS_MAX: usize = 64;

/// How often followed logs are looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);

/// A stream of answers.
type Answers<T> = ReceiverStream<Result<T, RpcStatus>>;

/// The service, listening and not answering yet.
#[derive(Debug)]
pub(crate) struct Bound {
    server: nearcall::Bound,
    supervisor: Arc<OnceLock<Arc<Supervisor>>>,
    end: oneshot::Sender<()>,
    closing: watch::Sender<bool>,
    asked: watch::Receiver<bool>,
}

/// The service at work.
#[derive(Debug)]
pub(crate) struct Served {
    end: oneshot::Sender<()>,
    closing: watch::Sender<bool>,
    asked: watch::Receiver<bool>,
    task: JoinHandle<Result<nearcall::Drained, nearcall::ServeError>>,
}

/// Takes the world: from now on no other supervisor can.
///
/// # Errors
/// When there is one, or the world's folder cannot be used.
pub(crate) async fn bind(world: &World) -> anyhow::Result<Bound> {
    let (end, ended) = oneshot::channel::<()>();
    let (ask, asked) = watch::channel(false);
    let closing = watch::Sender::new(false);
    let supervisor = Arc::new(OnceLock::new());
    let control = Control {
        world: world.clone(),
        folder: StateFolder::of(world)?,
        supervisor: Arc::clone(&supervisor),
        ask: Arc::new(ask),
        closing: closing.subscribe(),
    };
    let server = nearcall::Server::new(super::target(world))
        .add_service(SupervisorServer::new(control))
        .stop_when(async { drop(ended.await) })
        .bind()
        .await
        .with_context(|| {
            output::advised(
                format!("cannot become the supervisor of world {world}"),
                "`nearcall down` stops the one that is; another world is --world NAME",
            )
        })?;
    Ok(Bound {
        server,
        supervisor,
        end,
        closing,
        asked,
    })
}

impl Bound {
    /// Answers for `supervisor` from now on.
    pub(crate) fn serve(self, supervisor: Arc<Supervisor>) -> Served {
        // It is empty: this is the only place that fills it.
        let _ = self.supervisor.set(supervisor);
        Served {
            end: self.end,
            closing: self.closing,
            asked: self.asked,
            task: tokio::spawn(self.server.serve()),
        }
    }
}

impl Served {
    /// Waits until a caller asks for the end of it all.
    pub(crate) fn asked_to_end(&self) -> impl Future<Output = ()> + use<> {
        let mut asked = self.asked.clone();
        async move {
            if asked.wait_for(|asked| *asked).await.is_err() {
                // The service is gone, and with it all who could ask.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Stops answering, after those who are being answered; streams that follow the world end with it.
    pub(crate) async fn end(self) {
        self.closing.send_replace(true);
        // It may have ended by a signal already.
        let _ = self.end.send(());
        let _ = self.task.await;
    }
}

#[derive(Debug)]
struct Control {
    world: World,
    folder: StateFolder,
    supervisor: Arc<OnceLock<Arc<Supervisor>>>,
    ask: Arc<watch::Sender<bool>>,
    closing: watch::Receiver<bool>,
}

impl Control {
    fn supervisor(&self) -> Result<&Arc<Supervisor>, RpcStatus> {
        self.supervisor
            .get()
            .ok_or_else(|| RpcStatus::unavailable("the supervisor is starting; ask again"))
    }

    fn services(&self, supervisor: &Supervisor) -> Vec<wire::Service> {
        supervisor
            .statuses()
            .iter()
            .map(|status| message::service(&self.world, Some(&self.folder), status))
            .collect()
    }

    fn service_of(&self) -> impl Fn(&Event) -> wire::Service + Send + 'static {
        let (world, folder) = (self.world.clone(), self.folder.clone());
        move |event| message::service(&world, Some(&folder), &event.status)
    }
}

fn not_found(error: impl std::fmt::Display) -> RpcStatus {
    RpcStatus::not_found(error.to_string())
}

#[async_trait]
impl wire::supervisor_server::Supervisor for Control {
    async fn list(
        &self,
        _: Request<wire::ListRequest>,
    ) -> Result<Response<wire::ListResponse>, RpcStatus> {
        Ok(Response::new(wire::ListResponse {
            world: self.world.to_string(),
            services: self.services(self.supervisor()?),
        }))
    }

    type WatchStream = Answers<wire::WatchResponse>;

    async fn watch(
        &self,
        _: Request<wire::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, RpcStatus> {
        let supervisor = Arc::clone(self.supervisor()?);
        let (answers, stream) = mpsc::channel(ANSWERS_MAX);
        let mut events = supervisor.subscribe();
        let first = self.services(&supervisor);
        let (world, folder) = (self.world.clone(), self.folder.clone());
        let service = self.service_of();
        // The stream must not keep the supervisor: its end is what ends the stream.
        let supervisor = Arc::downgrade(&supervisor);
        let mut closing = self.closing.clone();
        tokio::spawn(async move {
            let mut services = first;
            loop {
                if answers
                    .send(Ok(wire::WatchResponse { services }))
                    .await
                    .is_err()
                {
                    return;
                }
                let event = tokio::select! {
                    // What has happened is told before the end.
                    biased;
                    event = events.recv() => event,
                    () = answers.closed() => return,
                    () = world_ends(&mut closing) => return,
                };
                services = match event {
                    Ok(event) => vec![service(&event)],
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        let Some(supervisor) = supervisor.upgrade() else {
                            return;
                        };
                        let status = |status| message::service(&world, Some(&folder), status);
                        supervisor.statuses().iter().map(status).collect()
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                };
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    type StopStream = Answers<wire::StopResponse>;

    async fn stop(
        &self,
        request: Request<wire::StopRequest>,
    ) -> Result<Response<Self::StopStream>, RpcStatus> {
        let supervisor = Arc::clone(self.supervisor()?);
        let names = message::names(&request.into_inner().names)?;
        supervisor.know(&names).map_err(not_found)?;
        let (answers, stream) = mpsc::channel(ANSWERS_MAX);
        let mut events = supervisor.subscribe();
        if names.is_empty() {
            self.ask.send_replace(true);
        }
        let stopping = supervisor.with_those_that_need(&names);
        let service = self.service_of();
        let step = move |event: &Event| {
            stopping
                .contains(&event.status.name)
                .then(|| wire::StopResponse {
                    service: Some(service(event)),
                    time: Some(event.at.into()),
                })
        };
        tokio::spawn(async move {
            let stopped = supervisor.stop(&names);
            tokio::pin!(stopped);
            // Stopping goes on when the caller leaves: it was asked for.
            loop {
                tokio::select! {
                    biased;
                    event = events.recv() => {
                        if let Some(step) = event.ok().as_ref().and_then(&step) {
                            let _ = answers.send(Ok(step)).await;
                        }
                    }
                    () = &mut stopped => break,
                }
            }
            while let Ok(event) = events.try_recv() {
                if let Some(step) = step(&event) {
                    let _ = answers.send(Ok(step)).await;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn restart(
        &self,
        request: Request<wire::RestartRequest>,
    ) -> Result<Response<wire::RestartResponse>, RpcStatus> {
        let supervisor = self.supervisor()?;
        let names = message::names(&[request.into_inner().name])?;
        let mut status = None;
        for name in &names {
            status = Some(supervisor.restart(name).await.map_err(not_found)?);
        }
        match status {
            Some(status) if status.state == State::Serving => {
                let service = message::service(&self.world, Some(&self.folder), &status);
                Ok(Response::new(wire::RestartResponse {
                    service: Some(service),
                }))
            }
            Some(status) => Err(RpcStatus::failed_precondition(status.detail)),
            None => Err(RpcStatus::invalid_argument("expected a name, found none")),
        }
    }

    type LogsStream = Answers<wire::LogsResponse>;

    async fn logs(
        &self,
        request: Request<wire::LogsRequest>,
    ) -> Result<Response<Self::LogsStream>, RpcStatus> {
        let supervisor = self.supervisor()?;
        let request = request.into_inner();
        let mut names = message::names(&request.names)?;
        supervisor.know(&names).map_err(not_found)?;
        if names.is_empty() {
            names = supervisor
                .statuses()
                .into_iter()
                .map(|status| status.name)
                .collect();
        }
        let tail = request
            .tail
            .and_then(|tail| usize::try_from(tail).ok())
            .unwrap_or(usize::MAX);
        let folder = self.folder.clone();
        let mut closing = self.closing.clone();
        let (answers, stream) = mpsc::channel(ANSWERS_MAX);
        tokio::spawn(async move {
            let sent = send_logs(&names, &folder, tail, request.follow, &answers);
            let result = tokio::select! {
                result = sent => result,
                () = answers.closed() => return,
                () = world_ends(&mut closing), if request.follow => return,
            };
            if let Err(error) = result {
                let status = RpcStatus::internal(format!("cannot read the logs: {error}"));
                let _ = answers.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

/// Waits until the supervisor is about to end.
async fn world_ends(closing: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = closing.wait_for(|closing| *closing).await;
}

async fn send_logs(
    names: &[ServiceName],
    folder: &StateFolder,
    tail: usize,
    follow: bool,
    answers: &mpsc::Sender<Result<wire::LogsResponse, RpcStatus>>,
) -> std::io::Result<()> {
    let mut follows = Vec::new();
    let mut records: Vec<(&ServiceName, Record)> = Vec::new();
    for name in names {
        let (first, follow) = Follow::after_tail(&folder.log(name), tail)?;
        records.extend(first.into_iter().map(|record| (name, record)));
        follows.push((name, follow));
    }
    loop {
        records.sort_by_key(|(_, record)| record.at);
        for (name, record) in records.drain(..) {
            if answers.send(Ok(message::line(name, record))).await.is_err() {
                return Ok(());
            }
        }
        if !follow {
            return Ok(());
        }
        tokio::time::sleep(FOLLOW_INTERVAL).await;
        for (name, follow) in &mut follows {
            follow.poll(|record| records.push((name, record)))?;
        }
    }
}
