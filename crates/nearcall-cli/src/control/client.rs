//! The calling side: `ps`, `down`, `restart`, `up -d`.

use std::time::Duration;

use anyhow::Context as _;
use nearcall::proto::supervisor::v1 as wire;
use nearcall::proto::supervisor::v1::supervisor_client::SupervisorClient;
use nearcall::{Channel, Request, Status as RpcStatus, Streaming, process};

use super::message;
use crate::config::SUPERVISOR_NAME;
use crate::names::{ServiceName, World};
use crate::output::{self, note};
use crate::ps::{painted, word};
use crate::registered;
use crate::supervise::{State, Status};

/// How long the supervisor may take to end after the last of its services.
const GONE_WAIT: Duration = Duration::from_secs(30);

/// How often it is looked at meanwhile.
const GONE_INTERVAL: Duration = Duration::from_millis(20);

/// How long one service may take to stop and to serve again.
const RESTART_WAIT: Duration = Duration::from_secs(120);

/// How long the supervisor may take to let a caller in.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// The supervisor of a world, seen from another process.
#[derive(Debug)]
pub(crate) struct Remote {
    client: SupervisorClient<Channel>,
    pid: Option<u32>,
    world: World,
}

/// The supervisor of a world, if it has one.
///
/// # Errors
/// When there is one and it does not let anyone in, or the world's folder cannot be used.
pub(crate) async fn connect(world: &World) -> anyhow::Result<Option<Remote>> {
    let name: ServiceName = SUPERVISOR_NAME.parse()?;
    let Some(server) = registered::alive(world, &name).await? else {
        return Ok(None);
    };
    let connected = Channel::builder(&server.address)
        .connect_timeout(CONNECT_WAIT)
        .connect()
        .await;
    let channel = match connected {
        Ok(channel) => channel,
        Err(_) if is_gone(world).await? => return Ok(None),
        Err(error) => {
            let what = format!("cannot connect to the supervisor of world {world}");
            return Err(anyhow::Error::new(error).context(what));
        }
    };
    Ok(Some(Remote {
        client: SupervisorClient::new(channel),
        pid: server.pid,
        world: world.clone(),
    }))
}

/// Every service of the supervisor of a world; none when there is no supervisor.
///
/// # Errors
/// When there is one and it does not answer.
pub(crate) async fn statuses(world: &World) -> anyhow::Result<Vec<Status>> {
    let Some(mut remote) = connect(world).await? else {
        return Ok(Vec::new());
    };
    match remote.statuses().await {
        Err(_) if is_gone(world).await? => Ok(Vec::new()),
        statuses => statuses,
    }
}

/// Whether a world has no supervisor any more: it ends by itself with the last of its services, also while it is asked.
///
/// # Errors
/// When the world's folder cannot be used.
pub(crate) async fn is_gone(world: &World) -> anyhow::Result<bool> {
    let name: ServiceName = SUPERVISOR_NAME.parse()?;
    Ok(registered::alive(world, &name).await?.is_none())
}

/// Refuses to bring up a world that has a supervisor.
///
/// # Errors
/// When it has one; who it is, is the error.
pub(crate) async fn refuse_second(world: &World) -> anyhow::Result<()> {
    let name: ServiceName = SUPERVISOR_NAME.parse()?;
    let Some(server) = registered::alive(world, &name).await? else {
        return Ok(());
    };
    let pid = server.pid.map_or_else(
        || "an unknown process".to_owned(),
        |pid| format!("process {pid}"),
    );
    Err(output::failure(
        format!("world {world} is up already, under {pid}"),
        "`nearcall ps` shows it, `nearcall restart NAME` starts a service again, `nearcall down` stops it all",
    ))
}

impl Remote {
    async fn statuses(&mut self) -> anyhow::Result<Vec<Status>> {
        let list = self.client.list(wire::ListRequest {}).await.map_err(told)?;
        let services = list.into_inner().services;
        Ok(services.into_iter().filter_map(message::status).collect())
    }

    /// What changes, beginning with everything as it is.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub(crate) async fn watch(&mut self) -> anyhow::Result<Watched> {
        let stream = self
            .client
            .watch(wire::WatchRequest {})
            .await
            .map_err(told)?;
        Ok(Watched(stream.into_inner()))
    }

    /// Stops services, all and the supervisor for no names, and tells each step as a line.
    ///
    /// # Errors
    /// When a name is not known, or the supervisor goes away before its services.
    pub(crate) async fn stop(&mut self, names: &[ServiceName]) -> anyhow::Result<()> {
        let names = names.iter().map(ToString::to_string).collect();
        let stream = self
            .client
            .stop(wire::StopRequest { names })
            .await
            .map_err(told)?;
        let mut steps = stream.into_inner();
        while let Some(step) = steps.message().await.map_err(told)? {
            if let Some(status) = step.service.and_then(message::status) {
                tell(&status);
            }
        }
        Ok(())
    }

    /// Stops a service and starts it again; answers with its new process.
    ///
    /// # Errors
    /// When the name is not known, or the service does not come to serve.
    pub(crate) async fn restart(&mut self, name: &ServiceName) -> anyhow::Result<u32> {
        let mut request = Request::new(wire::RestartRequest {
            name: name.to_string(),
        });
        request.set_timeout(RESTART_WAIT);
        let answer = self.client.restart(request).await.map_err(told)?;
        Ok(answer.into_inner().service.unwrap_or_default().pid)
    }

    /// Waits until the supervisor's process is gone.
    ///
    /// # Errors
    /// When it is still there after some time.
    pub(crate) async fn gone(self) -> anyhow::Result<()> {
        let Some(pid) = self.pid else {
            return Ok(());
        };
        let gone = async {
            while process::is_alive(pid) {
                tokio::time::sleep(GONE_INTERVAL).await;
            }
        };
        tokio::time::timeout(GONE_WAIT, gone)
            .await
            .with_context(|| {
                let what = format!(
                    "the supervisor of world {} still runs, as process {pid}",
                    self.world
                );
                output::advised(what, format!("kill {pid}; what it supervises dies with it"))
            })
    }
}

/// Statuses as they change.
#[derive(Debug)]
pub(crate) struct Watched(Streaming<wire::WatchResponse>);

impl Watched {
    /// The next that changed; `None` once the supervisor ends.
    pub(crate) async fn next(&mut self) -> Option<Vec<Status>> {
        let answer = self.0.message().await.ok()??;
        Some(
            answer
                .services
                .into_iter()
                .filter_map(message::status)
                .collect(),
        )
    }
}

/// Tells a step as a line, on stderr.
pub(crate) fn tell(status: &Status) {
    let detail = match status.state {
        State::Serving | State::Stopping | State::Waiting => String::new(),
        State::Starting => status
            .pid
            .map(|pid| format!("  pid {pid}"))
            .unwrap_or_default(),
        _ => format!("  {}", status.detail),
    };
    note(format_args!(
        "{}: {}{detail}",
        status.name,
        painted(word(status.state))
    ));
}

/// What the supervisor said, without gRPC's dressing.
fn told(status: RpcStatus) -> anyhow::Error {
    let code = status.code();
    let message = status.message().to_owned();
    anyhow::Error::new(status).context(if message.is_empty() {
        format!("the supervisor answered {code:?}")
    } else {
        message
    })
}
