//! Who is at the other end of a pipe.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Security::{RevertToSelf, TOKEN_QUERY};
use windows_sys::Win32::System::Pipes::{
    GetNamedPipeClientProcessId, GetNamedPipeServerProcessId, ImpersonateNamedPipeClient,
};
use windows_sys::Win32::System::Threading::{GetCurrentThread, OpenThreadToken};

use crate::windows::descriptor;
use crate::windows::handle::{owned, succeeded};
use crate::windows::identity::{sid_of_process, user_of};

/// A process and its user, as far as the system says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Its number.
    pub pid: Option<u32>,
    /// The security identifier of its user.
    pub sid: Option<String>,
}

/// Who connected to an instance of a pipe.
///
/// The user is the one as whom it connected; a client that does not let that be seen is asked for by its number.
pub fn client_of(pipe: &impl AsHandle) -> Who {
    let pipe = pipe.as_handle();
    let mut pid = 0;
    // SAFETY: the pipe is open, and the pointer is to room for a number.
    let answer = unsafe { GetNamedPipeClientProcessId(pipe.as_raw_handle(), &raw mut pid) };
    let pid = (answer != 0).then_some(pid);
    let sid = impersonated(pipe)
        .and_then(|token| user_of(&token))
        .ok()
        .or_else(|| pid.and_then(|pid| sid_of_process(pid).ok()));
    Who { pid, sid }
}

/// Who made the pipe that this is connected to: its process, and the pipe's owner, who cannot be another than who made it
/// without a privilege to give things away.
pub fn server_of(pipe: &impl AsHandle) -> Who {
    let pipe = pipe.as_handle();
    let mut pid = 0;
    // SAFETY: the pipe is open, and the pointer is to room for a number.
    let answer = unsafe { GetNamedPipeServerProcessId(pipe.as_raw_handle(), &raw mut pid) };
    Who {
        pid: (answer != 0).then_some(pid),
        sid: descriptor::of(pipe).ok().map(|described| described.owner),
    }
}

/// What this thread is once it acts as the client, which it does for no longer than it takes to ask.
fn impersonated(pipe: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    // SAFETY: the pipe is open.
    succeeded(unsafe { ImpersonateNamedPipeClient(pipe.as_raw_handle()) })?;
    let _back = Back;
    // SAFETY: it takes nothing, and answers a number that stands for this thread.
    let thread = unsafe { GetCurrentThread() };
    let mut token = ptr::null_mut();
    // SAFETY: the handle stands for this thread, and the pointer is to room for a handle.
    succeeded(unsafe { OpenThreadToken(thread, TOKEN_QUERY, 1, &raw mut token) })?;
    // SAFETY: the call succeeded and wrote a handle that is the caller's to close.
    unsafe { owned(token) }
}

/// Lets the thread be itself again.
struct Back;

impl Drop for Back {
    fn drop(&mut self) {
        // SAFETY: it takes nothing.
        if unsafe { RevertToSelf() } == 0 {
            // Everything that this thread did from now on would be done as somebody else.
            std::process::abort();
        }
    }
}
