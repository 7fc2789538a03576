//! One process: started with a family of its own, ended with all of it, reaped once.

use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::{Limits, LogSink, Spec};
use crate::imp::Family;
use crate::log_file::Source;

/// A process of ours and all that it started.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: u32,
    family: Family,
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
            .kill_on_drop(true);
        Family::prepare(&mut command);
        let mut child = command.spawn()?;
        let pid = child
            .id()
            .ok_or_else(|| io::Error::other("the process has no id"))?;
        let family = Family::of(&mut child)?;
        let mut pipes = JoinSet::new();
        if let Some(pipe) = child.stdout.take() {
            pipes.spawn(log.clone().copy(pipe, Source::Out));
        }
        if let Some(pipe) = child.stderr.take() {
            pipes.spawn(log.clone().copy(pipe, Source::Err));
        }
        Ok(Self {
            child,
            pid,
            family,
            pipes,
        })
    }

    /// The process id.
    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Asks all of it to end.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(crate) fn terminate(&mut self) -> io::Result<()> {
        self.family.terminate(&mut self.child)
    }

    /// Ends all of it.
    pub(crate) fn kill(&self) {
        self.family.kill(&self.child);
    }

    /// Waits for the process to end, and ends what it has left behind. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub(crate) async fn ended(&mut self) -> io::Result<()> {
        self.family.child_ended(&mut self.child).await?;
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
    if program.contains(std::path::is_separator) {
        spec.dir.join(program)
    } else {
        program.into()
    }
}
