//! Starting children so that they outlive, or do not outlive, this process, and ending them.

mod pass;

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Pid, Signal};

pub use pass::{Passed, pass_descriptor};

/// Has the child lead a session of its own, with no terminal: it outlives this process and its shell.
///
/// Where its output goes is the caller's matter; standard streams that stay with a terminal fail when that is closed.
/// See `setsid(2)`. Not together with [`own_group`]: a group's leader cannot begin a session.
pub fn detach(command: &mut Command) {
    let begin_session = || Ok(rustix::process::setsid().map(drop)?);
    // SAFETY: between fork and exec the closure makes one system call, setsid, and neither allocates nor locks.
    unsafe { command.pre_exec(begin_session) };
}

/// Has the child lead a process group of its own, so that [`terminate_group`] reaches it and its children, and a
/// ctrl-c in the terminal does not.
pub fn own_group(command: &mut Command) {
    command.process_group(0);
}

/// Has the kernel kill the child when this process dies, however it dies.
///
/// The kernel watches the *thread* that spawns: spawn from one that lives as long as the process (the main thread, a
/// worker of the runtime), never from `spawn_blocking`, whose threads end when idle. See `PR_SET_PDEATHSIG(2const)`.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    let watch = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the kernel was asked to watch it; then another process is the parent now.
        if rustix::process::getppid() != Some(parent) {
            return Err(Errno::SRCH.into());
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes two system calls, prctl and getppid, and neither allocates nor
    // locks: an error of a bare number is no allocation.
    unsafe { command.pre_exec(watch) };
}

/// Keeps other processes of the same user from looking into this one: `/proc/<pid>/fd`, `/proc/<pid>/mem`, ptrace.
///
/// With it go core dumps, and tools that look at open files. `execve(2)` undoes it. See `PR_SET_DUMPABLE(2const)`;
/// root, and who has `CAP_SYS_PTRACE`, are not kept out.
///
/// # Errors
///
/// The system refused.
#[cfg(target_os = "linux")]
pub fn hide_from_peers() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Whether a process of that number is there and has not ended.
///
/// A process of another user counts; a zombie that nobody has waited for does not. A number may be in use by another
/// process than the one that was meant: hold a lock where that matters.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    let Ok(id) = checked(pid) else { return false };
    let there = matches!(
        rustix::process::test_kill_process(id),
        Ok(()) | Err(Errno::PERM)
    );
    there && !is_zombie(pid)
}

/// Asks a process to end, with SIGTERM.
///
/// # Errors
///
/// There is no such process, or it is another user's.
pub fn terminate(pid: u32) -> io::Result<()> {
    Ok(rustix::process::kill_process(checked(pid)?, Signal::TERM)?)
}

/// Ends a process at once, with SIGKILL.
///
/// # Errors
///
/// There is no such process, or it is another user's.
pub fn kill(pid: u32) -> io::Result<()> {
    Ok(rustix::process::kill_process(checked(pid)?, Signal::KILL)?)
}

/// Asks every process of a group to end, with SIGTERM; `leader` is the number of its first process.
///
/// # Errors
///
/// There is no such group, or all of it is another user's.
pub fn terminate_group(leader: u32) -> io::Result<()> {
    Ok(rustix::process::kill_process_group(
        checked_group(leader)?,
        Signal::TERM,
    )?)
}

/// Ends every process of a group at once, with SIGKILL; `leader` is the number of its first process.
///
/// # Errors
///
/// There is no such group, or all of it is another user's.
pub fn kill_group(leader: u32) -> io::Result<()> {
    Ok(rustix::process::kill_process_group(
        checked_group(leader)?,
        Signal::KILL,
    )?)
}

fn checked(pid: u32) -> io::Result<Pid> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected the number of a process, 1 or more",
        )
    })
}

/// Group 1 is refused beside group 0: `kill(-1)` reaches every process there is, see `kill(2)`.
fn checked_group(leader: u32) -> io::Result<Pid> {
    if leader <= 1 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected the number of a process group, 2 or more",
        ));
    }
    checked(leader)
}

/// Field 3 of `/proc/<pid>/stat` is the state, see `proc_pid_stat(5)`; a name in field 2 may hold brackets itself.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_zombie(pid: u32) -> bool {
    let Ok(stat) = std::fs::read(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let after_name = stat
        .iter()
        .rposition(|&byte| byte == b')')
        .map_or(0, |at| at + 1);
    stat.get(after_name..)
        .is_some_and(|rest| rest.starts_with(b" Z") || rest.starts_with(b" X"))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_zombie(_pid: u32) -> bool {
    false
}
