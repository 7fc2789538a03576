//! Named pipes and Windows permissions.

mod blocking;
mod child;
#[cfg(feature = "parity-tokio-ipc")]
mod claim;
mod folder;
mod identity;
mod inherited;
mod listener;
mod stream;

use std::io;
use std::path::Path;
use std::time::Duration;

use nearcall_sys::pipe;
use windows_sys::Win32::Foundation::{ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED};

use crate::connection::Wire;
use crate::limits::CONNECT_RETRY_MAX;
use crate::listener::Fault;
use crate::{Address, ConnectError, Connection, Transport};

pub(crate) use blocking::{Socket as BlockingSocket, connect_blocking};
pub(crate) use child::{ChildEnd, Passed};
#[cfg(feature = "parity-tokio-ipc")]
pub(crate) use claim::{Claim, checked_path, patiently};
pub(crate) use folder::{open_private, runtime_dir};
pub(crate) use identity::this_process;
pub(crate) use inherited::take_inherited;
pub(crate) use listener::Listener;
pub(crate) use nearcall_sys::descriptor::make_private_file as create_private_file;
pub(crate) use stream::{ReadHalf, Stream, WriteHalf, split};

/// Here it would let another process listen at the same port.
pub(crate) const REUSE_ADDRESS: bool = false;

/// What an address of a Unix socket says here.
const UNIX_IS_ELSEWHERE: &str = "nearcall uses no Unix sockets on Windows; use `pipe:` here";

pub(crate) async fn connect_unix(
    address: &Address,
    _path: &Path,
) -> Result<Connection, ConnectError> {
    Err(ConnectError::Unsupported {
        address: address.clone(),
        why: UNIX_IS_ELSEWHERE,
    })
}

pub(crate) async fn connect_abstract(
    address: &Address,
    _name: &str,
) -> Result<Connection, ConnectError> {
    Err(ConnectError::Unsupported {
        address: address.clone(),
        why: UNIX_IS_ELSEWHERE,
    })
}

/// Connects to a pipe. Where all its instances are in use it waits for one; the caller bounds the time.
pub(crate) async fn connect_pipe(
    address: &Address,
    name: &str,
) -> Result<Connection, ConnectError> {
    loop {
        match pipe::open(name) {
            Ok(client) => return Ok(identity::dialed(client, Transport::Pipe)),
            Err(error) if pipe::is_busy(&error) => wait_for_instance(name, CONNECT_RETRY_MAX).await,
            Err(source) => return Err(ConnectError::from_io(address, source)),
        }
    }
}

/// Whether there is a pipe of the name, busy or not.
pub(crate) fn pipe_exists(name: &str) -> bool {
    pipe::wait_for_instance(name, Duration::ZERO).is_ok()
}

/// Waits on a thread of its own, in steps that end soon where nobody is interested any more.
async fn wait_for_instance(name: &str, limit: Duration) {
    let name = name.to_owned();
    // A pipe that has gone is found to be so by whoever opens it, and a runtime that ends polls this no further.
    let _ = tokio::task::spawn_blocking(move || pipe::wait_for_instance(&name, limit)).await;
}

/// How far an error of a listener goes. None is the end of it: an instance that broke is made anew.
pub(crate) fn accept_fault(error: &io::Error) -> Fault {
    match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_BROKEN_PIPE | ERROR_NO_DATA | ERROR_PIPE_NOT_CONNECTED) => Fault::Connection,
        _ if error.kind() == io::ErrorKind::ConnectionReset
            || error.kind() == io::ErrorKind::ConnectionAborted =>
        {
            Fault::Connection
        }
        _ => Fault::Moment,
    }
}

fn connection(stream: Stream, peer: crate::Peer) -> Connection {
    Connection::new(Wire::Local(stream), peer)
}
