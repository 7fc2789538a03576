//! Starting children so that they outlive, or do not outlive, this process, and ending them.

mod job;
mod pass;

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::Command;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, HANDLE_FLAG_INHERIT, INVALID_HANDLE_VALUE, SetHandleInformation,
    WAIT_TIMEOUT,
};
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent, GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE,
    STD_OUTPUT_HANDLE,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED, GetCurrentProcess, OpenProcess,
    PROCESS_ACCESS_RIGHTS, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
    PROCESS_TERMINATE, TerminateProcess, WaitForSingleObject,
};

use super::descriptor::OwnerOnly;
use super::handle::{owned, succeeded};

pub use job::Job;
pub use pass::{Passed, pass_handle};

/// What a process ends with that was ended by [`kill`].
const KILLED: u32 = 1;

/// Has the child run without this process's console: it outlives this process and its shell.
///
/// Where its output goes is the caller's matter. It replaces what [`own_group`] said, which it includes.
pub fn detach(command: &mut Command) {
    command.creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
}

/// Has the child lead a process group of its own, so that [`terminate_group`] reaches it and its children, and a
/// ctrl-c in the console does not.
pub fn own_group(command: &mut Command) {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

/// Has the child lead a process group of its own, as by [`own_group`], and not begin before [`Job::begin`] says so.
///
/// A child that is never told so waits forever: end it. It replaces what [`own_group`] said, which it includes.
pub fn own_group_suspended(command: &mut Command) {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_SUSPENDED);
}

/// Keeps this process's standard streams from children that are not given them.
///
/// A process that was started with redirected streams hands them on to each of its children, whatever these get as
/// their own; then whoever reads this process's output does not see its end before theirs. What a command says of a child's
/// streams is not touched.
pub fn keep_standard_streams() {
    for which in [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE] {
        // SAFETY: it takes a plain number.
        let stream = unsafe { GetStdHandle(which) };
        if !stream.is_null() && stream != INVALID_HANDLE_VALUE {
            // A stream that is not there is kept from everybody, so that a failure says nothing.
            // SAFETY: a handle that is not open is refused.
            unsafe { SetHandleInformation(stream, HANDLE_FLAG_INHERIT, 0) };
        }
    }
}

/// Keeps the memory and the handles of this process from other processes of its user, and handles out of it. They may still
/// see its end, and end it.
///
/// # Errors
///
/// The system does not.
pub fn hide_from_peers() -> io::Result<()> {
    let access = PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_TERMINATE;
    let descriptor = OwnerOnly::of_process(access)?;
    // SAFETY: it takes nothing, and answers a number that stands for this process.
    let this_process = unsafe { GetCurrentProcess() };
    // SAFETY: the number stands for this process.
    unsafe { descriptor.put_on(this_process) }
}

/// Whether a process of that number is there and has not ended.
///
/// A process of another user counts. A number may be in use by another process than the one that was meant: hold a handle
/// where that matters.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    match open(pid, PROCESS_SYNCHRONIZE) {
        // SAFETY: the process is open, and is not waited for.
        Ok(process) => unsafe { WaitForSingleObject(process.as_raw_handle(), 0) == WAIT_TIMEOUT },
        Err(error) => error.raw_os_error() == Some(ERROR_ACCESS_DENIED.cast_signed()),
    }
}

/// Ends a process at once.
///
/// # Errors
///
/// There is no such process, or it is another user's.
pub fn kill(pid: u32) -> io::Result<()> {
    let process = open(pid, PROCESS_TERMINATE)?;
    // SAFETY: the process is open, for this.
    succeeded(unsafe { TerminateProcess(process.as_raw_handle(), KILLED) })
}

/// Asks every process of a group to end, with ctrl-break; `leader` is the number of its first process, which was started
/// by [`own_group`] and shares this process's console.
///
/// # Errors
///
/// There is no such group at this console.
pub fn terminate_group(leader: u32) -> io::Result<()> {
    if leader == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected the number of a process group, 1 or more: 0 is all that share the console",
        ));
    }
    // SAFETY: it takes plain numbers.
    succeeded(unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, leader) })
}

fn open(pid: u32, access: PROCESS_ACCESS_RIGHTS) -> io::Result<OwnedHandle> {
    // SAFETY: it takes plain numbers.
    let answer = unsafe { OpenProcess(access, 0, pid) };
    // SAFETY: it was called right before and answers a handle to close, or null.
    unsafe { owned(answer) }
}
