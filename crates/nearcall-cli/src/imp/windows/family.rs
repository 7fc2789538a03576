//! A child and all that it starts: a job object, in a process group of the console.

use std::io;
use std::process::ExitStatus;

use nearcall::process::{self, Job};
use tokio::process::{Child, Command};

/// What a process ends with that a ctrl-c or a ctrl-break has ended: `STATUS_CONTROL_C_EXIT` of ntstatus.h.
const CONTROL_EXIT: u32 = 0xc000_013a;

/// The statuses from here on are the system's own: a process that crashed ends with one of ntstatus.h.
const SYSTEM_STATUS_MIN: u32 = 0xc000_0000;

/// The job of a child; whatever is in it ends with this process.
#[derive(Debug)]
pub(crate) struct Family(Job);

impl Family {
    /// Has a command start a process group of its own, at this process's console, which begins once its job has it.
    pub(crate) fn prepare(command: &mut Command) {
        process::own_group_suspended(command.as_std_mut());
    }

    /// The job of a child that was just started by a command that was prepared for it, and begins now: whatever it starts
    /// is in the job.
    ///
    /// # Errors
    /// When the system lets no job be made, or the child be in none. The child has not begun then.
    pub(crate) fn of(child: &mut Child) -> io::Result<Self> {
        let job = Job::new()?;
        let begun = match child.id() {
            Some(id) => job.begin(id),
            None => Ok(()),
        };
        match begun {
            // It may have ended at once, which is told as such.
            Err(error) if child.try_wait()?.is_none() => Err(error),
            _ => Ok(Self(job)),
        }
    }

    /// Asks all of it to end, with a ctrl-break.
    ///
    /// # Errors
    /// When it cannot be asked: it shares no console with this process, or the system has no ctrl-break.
    pub(crate) fn terminate(&self, child: &mut Child) -> io::Result<()> {
        // One that has ended is not forgotten yet, so that its number is still its own.
        match (child.try_wait()?, child.id()) {
            (None, Some(leader)) => process::terminate_group(leader),
            _ => Ok(()),
        }
    }

    /// Ends all of it.
    pub(crate) fn kill(&self, _child: &Child) {
        // An empty job is what was wanted.
        let _ = self.0.kill();
    }

    /// Waits for the child to end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub(crate) async fn child_ended(&self, child: &mut Child) -> io::Result<()> {
        child.wait().await.map(drop)
    }
}

/// How a process ended, in words.
pub(crate) fn ending(status: ExitStatus) -> String {
    match status.code().map(i32::cast_unsigned) {
        Some(0) => "ended with exit status 0".to_owned(),
        Some(CONTROL_EXIT) => "was ended by the console".to_owned(),
        Some(code) if code >= SYSTEM_STATUS_MIN => format!("failed with status {code:#010x}"),
        Some(code) => format!("failed with exit status {code}"),
        None => "ended in an unknown way".to_owned(),
    }
}
