//! Named pipes, and who is at the other end of one.

mod blocking;
mod who;

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, IntoRawHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;

use tokio::net::windows::named_pipe::{
    ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions,
};
use windows_sys::Win32::Foundation::{
    ERROR_PIPE_BUSY, ERROR_SEM_TIMEOUT, GENERIC_READ, GENERIC_WRITE,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, SECURITY_IDENTIFICATION,
    SECURITY_SQOS_PRESENT,
};
use windows_sys::Win32::System::Pipes::{GetNamedPipeInfo, PIPE_SERVER_END, WaitNamedPipeW};

use super::descriptor::OwnerOnly;
use super::handle::{owned, succeeded};
use super::text::wide;

pub use blocking::BlockingPipe;
pub use who::{Who, client_of, server_of};

/// Limit: how much one direction of a pipe holds, in bytes, before its writer waits. With none at all each write waits for
/// a read, and two peers that both write first wait for each other.
pub const BUFFER_BYTES: u32 = 64 * 1024;

/// What lies before the name of a pipe in its path.
const PREFIX: &str = r"\\.\pipe\";

/// How the path of a pipe is told to the system.
#[must_use]
pub fn path(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// One instance of a pipe, which one client connects to. Other machines are kept out, and other users.
///
/// # Errors
///
/// With `first`, the pipe is there already, whoever has made it; the pipe is another user's; or the system is out of
/// something.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn instance(
    name: &str,
    first: bool,
    descriptor: &OwnerOnly,
    instances_max: Option<usize>,
) -> io::Result<NamedPipeServer> {
    let mut attributes = descriptor.attributes();
    let mut options = ServerOptions::new();
    options
        .first_pipe_instance(first)
        .reject_remote_clients(true)
        .in_buffer_size(BUFFER_BYTES)
        .out_buffer_size(BUFFER_BYTES);
    if let Some(instances) = instances_max {
        options.max_instances(instances);
    }
    // SAFETY: the attributes are as the system wants them, and point to a descriptor that is still there.
    unsafe { options.create_with_security_attributes_raw(path(name), (&raw mut attributes).cast()) }
}

/// Connects to a pipe. The server can see who this is, and cannot act as this user.
///
/// # Errors
///
/// There is no such pipe, none of its instances is free (see [`is_busy`]), or this user may not.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn open(name: &str) -> io::Result<NamedPipeClient> {
    ClientOptions::new()
        .security_qos_flags(SECURITY_IDENTIFICATION)
        .open(path(name))
}

/// Connects to a pipe, and answers a handle that a runtime can take up; not necessarily of this process: see [`adopt`].
///
/// # Errors
///
/// As for [`open`].
pub fn open_handle(name: &str) -> io::Result<OwnedHandle> {
    let path = wide(path(name));
    let flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
    // SAFETY: the path has a NUL at its end, and there is neither a descriptor nor a template to point to.
    let answer = unsafe {
        CreateFileW(
            path.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            0,
            ptr::null(),
            OPEN_EXISTING,
            flags,
            ptr::null_mut(),
        )
    };
    // SAFETY: it was called right before and answers a handle to close, or an invalid one.
    unsafe { owned(answer) }
}

/// A name that no pipe has and that nobody can guess.
///
/// # Errors
///
/// The system has no random numbers.
pub fn unknown_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("nearcall.pair.{:032x}", u128::from_ne_bytes(bytes)))
}

/// Whether all instances of the pipe are in use, which passes.
#[must_use]
pub fn is_busy(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ERROR_PIPE_BUSY.cast_signed())
}

/// Waits, on this thread, until an instance of the pipe is free, at most so long; whether one is. Another client may be
/// quicker.
///
/// # Errors
///
/// There is no such pipe.
pub fn wait_for_instance(name: &str, limit: Duration) -> io::Result<bool> {
    let path = wide(path(name));
    // Zero would be the pipe's own idea of how long to wait.
    let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX).max(1);
    // SAFETY: the path has a NUL at its end.
    match succeeded(unsafe { WaitNamedPipeW(path.as_ptr(), millis) }) {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == Some(ERROR_SEM_TIMEOUT.cast_signed()) => Ok(false),
        Err(error) => Err(error),
    }
}

/// One end of a pipe, whichever it is.
#[derive(Debug)]
pub enum End {
    /// The end that made the pipe.
    Server(NamedPipeServer),
    /// The end that connected to it.
    Client(NamedPipeClient),
}

/// Takes up an end that came as a handle, such as an inherited one; it is for overlapped use. None where the handle is of
/// something else.
///
/// # Errors
///
/// The runtime cannot take it up.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn adopt(handle: OwnedHandle) -> io::Result<Option<End>> {
    let Some(is_server) = is_server_end(&handle) else {
        return Ok(None);
    };
    let raw = handle.into_raw_handle();
    if is_server {
        // SAFETY: it is the handle of a pipe, and nobody else owns it.
        let server = unsafe { NamedPipeServer::from_raw_handle(raw) }?;
        Ok(Some(End::Server(server)))
    } else {
        // SAFETY: it is the handle of a pipe, and nobody else owns it.
        let client = unsafe { NamedPipeClient::from_raw_handle(raw) }?;
        Ok(Some(End::Client(client)))
    }
}

fn is_server_end(handle: &impl AsHandle) -> Option<bool> {
    let mut flags = 0;
    // SAFETY: the handle is open, and the one pointer that is not null is to room for the flags.
    let answer = unsafe {
        GetNamedPipeInfo(
            handle.as_handle().as_raw_handle(),
            &raw mut flags,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    (answer != 0).then_some(flags & PIPE_SERVER_END != 0)
}
