//! A child and all that it starts: a process group.

use std::io;
use std::process::ExitStatus;

use nearcall::process;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::process::{Child, Command};
use tokio::signal::unix::SignalKind;

/// The process group of a child.
///
/// Until the child is reaped, its process id and its group's belong to it; signals are sent before that only, so they
/// can never reach a stranger that got the number later.
#[derive(Debug)]
pub(crate) struct Family(Pid);

impl Family {
    /// Has a command start a group of its own, which ends with this process where the kernel can do that: not on macOS.
    ///
    /// The kernel watches the thread that spawns: it has to live as long as this process.
    pub(crate) fn prepare(command: &mut Command) {
        process::own_group(command.as_std_mut());
        #[cfg(any(target_os = "linux", target_os = "android"))]
        process::die_with_parent(command.as_std_mut());
    }

    /// The group of a child that was just started by a command that was prepared for it.
    ///
    /// # Errors
    /// When the child is reaped already.
    pub(crate) fn of(child: &mut Child) -> io::Result<Self> {
        child
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().ok()?))
            .map(Self)
            .ok_or_else(|| io::Error::other("the process has no id"))
    }

    /// Asks all of it to end.
    ///
    /// # Errors
    /// There is none: a group that cannot be asked is one that has ended.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it fails")]
    pub(crate) fn terminate(&self, child: &mut Child) -> io::Result<()> {
        self.signal(child, Signal::TERM);
        Ok(())
    }

    /// Ends all of it.
    pub(crate) fn kill(&self, child: &Child) {
        self.signal(child, Signal::KILL);
    }

    fn signal(&self, child: &Child, signal: Signal) {
        if child.id().is_some() {
            // A group that has just ended is what was wanted.
            let _ = rustix::process::kill_process_group(self.0, signal);
        }
    }

    /// Waits for the child to end, without reaping it. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub(crate) async fn child_ended(&self, child: &mut Child) -> io::Result<()> {
        let mut child_signals = tokio::signal::unix::signal(SignalKind::child())?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        while child.id().is_some()
            && rustix::process::waitid(WaitId::Pid(self.0), options)?.is_none()
        {
            child_signals.recv().await;
        }
        Ok(())
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
