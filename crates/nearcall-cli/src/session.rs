//! A plan at work: its supervisor, the service by which other commands speak to it, its logs, and what is shown of them.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;

use crate::control;
use crate::imp::Signals;
use crate::log_file::{FILE_LEN_MAX, OLD_FILES_MAX, Source, Writer, tail};
use crate::names::{ServiceName, World};
use crate::output::{self, note};
use crate::probe::GrpcHealth;
use crate::registered;
use crate::state_folder::StateFolder;
use crate::supervise::{Limits, LogSink, Plan, StartError, State, Status, Supervisor};
use crate::terminal::{Mirror, Names};

/// How many of its last lines are shown of a service that does not serve.
const LAST_LINES: usize = 20;

/// A plan at work in a world.
#[derive(Debug)]
pub(crate) struct Session {
    world: World,
    folder: StateFolder,
    supervisor: Arc<Supervisor>,
    control: control::Served,
    mirror: Option<Mirror>,
}

/// Whether what services print is also shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// On the terminal, as it comes.
    Terminal,
    /// Only in the logs.
    Nothing,
}

impl Session {
    /// Starts the services of a plan.
    ///
    /// # Errors
    /// When the world has a supervisor, when a name of the plan is served already, or when logs cannot be written;
    /// nothing is started then.
    pub(crate) async fn start(plan: &Plan, world: &World, show: Show) -> anyhow::Result<Self> {
        // First, so that of two that start at one time the second stops here.
        let bound = control::bind(world).await?;
        for spec in plan.specs() {
            if let Some(server) = registered::alive(world, &spec.name).await? {
                let pid = server.pid.map_or_else(
                    || "an unknown process".to_owned(),
                    |pid| format!("process {pid}"),
                );
                return Err(output::failure(
                    format!("{} is served already in world {world}, by {pid}", spec.name),
                    "stop that process, or use another world: --world NAME",
                ));
            }
        }
        let folder = StateFolder::of(world)?;
        folder.make()?;
        let names = Names::new(plan.specs().iter().map(|spec| spec.name.clone()));
        let mirror = (show == Show::Terminal).then(|| Mirror::start(names));
        let lines = mirror.as_ref().and_then(Mirror::lines);
        let log = |name: &ServiceName| {
            let file = Writer::open(&folder.log(name), FILE_LEN_MAX, OLD_FILES_MAX)?;
            Ok(LogSink::new(name.clone(), file, lines.clone()))
        };
        let probe = GrpcHealth::of(world.clone());
        let supervisor =
            Supervisor::start(plan, world.as_str(), &Limits::default(), &probe, log)
                .with_context(|| format!("cannot write logs in {}", folder.path().display()))?;
        let supervisor = Arc::new(supervisor);
        Ok(Self {
            world: world.clone(),
            folder,
            control: bound.serve(Arc::clone(&supervisor)),
            supervisor,
            mirror,
        })
    }

    /// Waits until every service serves.
    ///
    /// # Errors
    /// The service that does not, after its last lines were shown.
    pub(crate) async fn all_serving(&self) -> anyhow::Result<()> {
        let Err(error) = self.supervisor.all_serving().await else {
            return Ok(());
        };
        // Whoever sees the lines as they come has seen them.
        if self.mirror.is_none() {
            show_last_lines(&self.folder, &error);
        }
        let advice = format!("nearcall --world {} logs {}", self.world, error.name);
        Err(anyhow::Error::new(error).context(output::advised("not every service serves", advice)))
    }

    /// Every service as it stands.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        self.supervisor.statuses()
    }

    /// Waits until someone asks for the end of it all.
    pub(crate) async fn asked_to_end(&self) {
        self.control.asked_to_end().await;
    }

    /// Waits until someone asks for the end of it all, or nothing is left to supervise.
    pub(crate) async fn ended(&self) {
        tokio::select! {
            () = self.control.asked_to_end() => {}
            () = self.supervisor.all_ended() => {}
        }
    }

    /// Stops everything in reverse order; each further signal kills what still runs. Answers with how each ended.
    pub(crate) async fn stop(self, signals: &mut Signals) -> Vec<Status> {
        {
            let stopping = self.supervisor.stop(&[]);
            tokio::pin!(stopping);
            loop {
                tokio::select! {
                    () = &mut stopping => break,
                    () = signals.next() => {
                        note("killing what still runs");
                        self.supervisor.kill();
                    }
                }
            }
        }
        let Self {
            world,
            supervisor,
            control,
            mirror,
            ..
        } = self;
        let statuses = supervisor.statuses();
        // Those who watch the end are answered before the service that answers them goes.
        control.end().await;
        drop(supervisor);
        if let Some(mirror) = mirror {
            mirror.finish().await;
        }
        // One that had to be killed has left its files.
        registered::sweep(&world).await;
        for status in &statuses {
            if status.state == State::Failed || status.detail.starts_with("killed") {
                note(format!("{}: {}", status.name, status.detail));
            }
        }
        statuses
    }
}

/// Shows what a service printed last.
fn show_last_lines(folder: &StateFolder, error: &StartError) {
    let records = tail(&folder.log(&error.name), LAST_LINES).unwrap_or_default();
    let names = Names::new([error.name.clone()]);
    for record in records {
        // Of a service that is given up, what the supervisor said comes with the error.
        if record.source != Source::Sup && record.at <= SystemTime::now() {
            note(names.line(&error.name, &record));
        }
    }
}
