//! One process: started in a group of its own, ended with the whole group, reaped once.

use std::io;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::process::{Child, Command};
use tokio::signal::unix::SignalKind;
use tokio::task::JoinSet;

use super::{Limits, LogSink, Spec};
use crate::log_file::Source;

/// A process of ours and all that it started.
///
/// Until it is reaped, its process id and its group's belong to it; signals are sent before that only, so they can
/// never reach a stranger that got the number later.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Pid,
    pipes: JoinSet<()>,
}

impl Process {
    /// Starts the program of `spec` with `NEARCALL_WORLD` set to `world`; what it prints goes to `log`.
    ///
    /// Has to be called by the thread that lives as long as this process: a child that dies with its parent dies with
    /// the thread that started it.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(crate) fn start(spec: &Spec, world: &str, log: &LogSink) -> io::Result<Self> {
        let (program, arguments) = spec
            .run
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "`run` is empty"))?;
        let mut command = Command::new(program_path(spec, program));
        command
            .args(arguments)
            .current_dir(&spec.dir)
            .envs(&spec.env)
            .env("NEARCALL_WORLD", world)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .process_group(0);
        nearcall::process::die_with_parent(command.as_std_mut());
        let mut child = command.spawn()?;
        let group = child
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().ok()?))
            .ok_or_else(|| io::Error::other("the process has no id"))?;
        let mut pipes = JoinSet::new();
        if let Some(pipe) = child.stdout.take() {
            pipes.spawn(log.clone().copy(pipe, Source::Out));
        }
        if let Some(pipe) = child.stderr.take() {
            pipes.spawn(log.clone().copy(pipe, Source::Err));
        }
        Ok(Self {
            child,
            group,
            pipes,
        })
    }

    /// The process id, which is also its group's.
    pub(crate) fn pid(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Asks the whole group to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the whole group.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if self.child.id().is_some() {
            // A group that has just ended is what was wanted.
            let _ = rustix::process::kill_process_group(self.group, signal);
        }
    }

    /// Waits for the process to end, ends what it has left behind in its group, and reaps it. Dropping the future
    /// loses nothing.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub(crate) async fn ended(&mut self) -> io::Result<()> {
        let mut child_signals = tokio::signal::unix::signal(SignalKind::child())?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        while self.child.id().is_some()
            && rustix::process::waitid(WaitId::Pid(self.group), options)?.is_none()
        {
            child_signals.recv().await;
        }
        // Not reaped yet, so the group's number is still ours.
        self.kill();
        Ok(())
    }

    /// Reaps the process once it has [`ended`](Self::ended) and takes in the last of what it printed.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub(crate) async fn reap(mut self, limits: &Limits) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        // A process that left the group may hold the pipes open for ever.
        let drained = async { while self.pipes.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(limits.output_wait, drained).await;
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `run = ["bin/x"]` names a file of the service's own folder; a bare name is looked up in `PATH`.
fn program_path(spec: &Spec, program: &str) -> std::path::PathBuf {
    if program.contains('/') {
        spec.dir.join(program)
    } else {
        program.into()
    }
}

/// How a process ended, in words.
pub(crate) fn ending(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;

    match (status.code(), status.signal()) {
        (Some(0), _) => "ended with exit status 0".to_owned(),
        (Some(code), _) => format!("failed with exit status {code}"),
        (None, Some(signal)) => match Signal::from_named_raw(signal) {
            Some(named) => format!("was ended by {named:?}"),
            None => format!("was ended by signal {signal}"),
        },
        (None, None) => "ended in an unknown way".to_owned(),
    }
}
