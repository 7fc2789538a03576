//! `nearcall up -d`: the same command once more, in the background, watched until everything serves.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use nearcall::process;
use tokio::process::{Child, Command};

use crate::config::SUPERVISOR_NAME;
use crate::control::{self, Remote, tell};
use crate::imp::{self, Signals};
use crate::log_file::FILE_LEN_MAX;
use crate::names::{ServiceName, World};
use crate::output::{self, note};
use crate::ps;
use crate::registered;
use crate::state_folder::StateFolder;
use crate::supervise::{Plan, State, Status};

/// How long the process in the background may take until its supervisor answers.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// How often it is asked meanwhile.
const ANSWER_INTERVAL: Duration = Duration::from_millis(20);

/// How long a start that failed may take to stop what it had started; services have their `stop_timeout` each.
const FAILED_END_WAIT: Duration = Duration::from_secs(60);

/// How many bytes at the end of what the background process said are shown when it fails.
const SAID_LEN_MAX: u64 = 8 * 1024;

/// Starts the plan in the background and returns once every service serves.
pub(super) async fn start(
    file: &Path,
    world: &World,
    plan: &Plan,
    services: &[ServiceName],
) -> anyhow::Result<ExitCode> {
    let folder = StateFolder::of(world)?;
    folder.make()?;
    let path = folder.path().join(format!("{SUPERVISOR_NAME}.log"));
    let mut signals = Signals::new()?;
    let (mut child, said_from) = spawn(file, world, services, &path).with_context(|| {
        format!(
            "cannot start the supervisor in the background, logging to {}",
            path.display()
        )
    })?;
    let outcome = tokio::select! {
        outcome = watch(&mut child, world, plan) => outcome,
        () = signals.next() => Outcome::Interrupted,
    };
    match outcome {
        Outcome::Serving => {
            ps::print(world).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Outcome::Ended => {}
        Outcome::Failed | Outcome::Interrupted | Outcome::Silent => {
            // It stops by itself when a service fails; in any other case it is told to.
            if !matches!(outcome, Outcome::Failed) {
                ask_to_end(&mut child, world).await;
            }
            if tokio::time::timeout(FAILED_END_WAIT, child.wait())
                .await
                .is_err()
            {
                let _ = child.kill().await;
            }
            // One that was ended has left its files.
            registered::sweep(world).await;
        }
    }
    let said = said_since(&path, said_from).unwrap_or_default();
    for line in said.lines() {
        note(format_args!("  {line}"));
    }
    let what = match outcome {
        Outcome::Interrupted => "interrupted; nothing is left running",
        Outcome::Silent => "the supervisor in the background does not answer, and was stopped",
        _ => "not every service serves; nothing is left running",
    };
    Err(output::failure(
        what,
        format!("nearcall --world {world} logs, or `nearcall up` to watch it in this terminal"),
    ))
}

enum Outcome {
    /// Everything serves.
    Serving,
    /// A service was given up; the background process is stopping the others.
    Failed,
    /// The background process is gone.
    Ended,
    /// The background process cannot be asked.
    Silent,
    /// A signal came.
    Interrupted,
}

fn spawn(
    file: &Path,
    world: &World,
    services: &[ServiceName],
    log: &Path,
) -> io::Result<(Child, u64)> {
    if fs::metadata(log).is_ok_and(|log| log.len() > FILE_LEN_MAX) {
        fs::rename(log, log.with_extension("log.1"))?;
    }
    let output = OpenOptions::new().create(true).append(true).open(log)?;
    let said_from = output.metadata()?.len();
    let mut arguments: Vec<OsString> = [
        "--world",
        world.as_str(),
        "up",
        "--in-background",
        "--no-build",
        "--file",
    ]
    .map(Into::into)
    .to_vec();
    arguments.push(file.into());
    arguments.extend(services.iter().map(|name| name.as_str().into()));
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    process::detach(command.as_std_mut());
    Ok((command.spawn()?, said_from))
}

/// Tells what happens until everything serves or it is clear that it will not.
async fn watch(child: &mut Child, world: &World, plan: &Plan) -> Outcome {
    let mut supervisor = tokio::select! {
        connected = tokio::time::timeout(ANSWER_WAIT, connected(world)) => match connected {
            Ok(supervisor) => supervisor,
            Err(_) => return Outcome::Silent,
        },
        _ = child.wait() => return Outcome::Ended,
    };
    let Ok(mut watched) = supervisor.watch().await else {
        return Outcome::Silent;
    };
    let mut statuses: BTreeMap<ServiceName, Status> = BTreeMap::new();
    loop {
        let changed = tokio::select! {
            changed = watched.next() => changed,
            _ = child.wait() => return Outcome::Ended,
        };
        let Some(changed) = changed else {
            return Outcome::Failed;
        };
        for status in changed {
            let before = statuses.get(&status.name).map(|status| status.state);
            if before != Some(status.state) && status.state != State::Waiting {
                tell(&status);
            }
            statuses.insert(status.name.clone(), status);
        }
        if statuses.values().any(|status| status.state.is_final()) {
            return Outcome::Failed;
        }
        let serving = |name| {
            statuses
                .get(name)
                .is_some_and(|status: &Status| status.state == State::Serving)
        };
        if plan.specs().iter().all(|spec| serving(&spec.name)) {
            return Outcome::Serving;
        }
    }
}

/// Asks the background process to stop: by a signal where the system has one for it, else by its own service; where neither
/// reaches it, it is ended, and its services with it.
async fn ask_to_end(child: &mut Child, world: &World) {
    // The process is our own child, so its number is its own until it is waited for.
    if child.id().is_some_and(imp::ask_to_end) {
        return;
    }
    let asked = match control::connect(world).await {
        Ok(Some(mut supervisor)) => supervisor.stop(&[]).await.is_ok(),
        _ => false,
    };
    if !asked {
        // One that has ended is waited for next.
        let _ = child.start_kill();
    }
}

async fn connected(world: &World) -> Remote {
    loop {
        if let Ok(Some(supervisor)) = control::connect(world).await {
            return supervisor;
        }
        tokio::time::sleep(ANSWER_INTERVAL).await;
    }
}

/// The end of what the background process said in this run.
fn said_since(log: &Path, from: u64) -> io::Result<String> {
    let mut log = File::open(log)?;
    let len = log.metadata()?.len();
    log.seek(SeekFrom::Start(from.max(len.saturating_sub(SAID_LEN_MAX))))?;
    let mut said = Vec::new();
    log.take(SAID_LEN_MAX).read_to_end(&mut said)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}
