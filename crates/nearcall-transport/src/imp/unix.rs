//! Unix sockets and Unix permissions.

mod blocking;
mod child;
mod claim;
mod folder;
mod identity;
mod inherited;
mod listener;
mod name;
mod socket_file;

use std::io;
use std::path::Path;

use rustix::io::Errno;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::connection::Wire;
use crate::limits::{CONNECT_RETRY_MAX, CONNECT_RETRY_MIN};
use crate::listener::Fault;
use crate::{Address, ConnectError, Connection, Transport};

pub(crate) use blocking::{Socket as BlockingSocket, connect_blocking};
pub(crate) use child::{ChildEnd, Passed};
#[cfg(feature = "parity-tokio-ipc")]
pub(crate) use claim::Claim;
pub(crate) use folder::{create_private_file, open_private, runtime_dir};
pub(crate) use identity::this_process;
pub(crate) use inherited::take_inherited;
pub(crate) use listener::Listener;
pub(crate) use name::checked_path;

/// The stream of a local connection.
pub(crate) type Stream = UnixStream;

/// What a local connection brings.
pub(crate) type ReadHalf = OwnedReadHalf;

/// What goes out on a local connection.
pub(crate) type WriteHalf = OwnedWriteHalf;

/// Both halves of a local connection.
pub(crate) fn split(stream: Stream) -> (ReadHalf, WriteHalf) {
    stream.into_split()
}

/// A server that starts again must not wait for the old connections of its port to time out.
pub(crate) const REUSE_ADDRESS: bool = true;

/// Connects to the path as it is: a short relative one is fine in a folder whose own path is too long.
pub(crate) async fn connect_unix(
    address: &Address,
    path: &Path,
) -> Result<Connection, ConnectError> {
    checked_path(path)?;
    let stream = patiently(|| UnixStream::connect(path)).await;
    let stream = stream.map_err(|source| ConnectError::from_io(address, source))?;
    Ok(connection(stream, Transport::Unix))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) async fn connect_abstract(
    address: &Address,
    name: &str,
) -> Result<Connection, ConnectError> {
    let failed = |source: io::Error| match source.kind() {
        // An abstract name has no file that could be left behind, so refused means that nobody has it.
        io::ErrorKind::ConnectionRefused => ConnectError::NotFound {
            address: address.clone(),
            source,
        },
        _ => ConnectError::from_io(address, source),
    };
    let path = name::checked_abstract(name)?;
    let stream = patiently(|| UnixStream::connect(&path))
        .await
        .map_err(failed)?;
    Ok(connection(stream, Transport::UnixAbstract))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) async fn connect_abstract(
    address: &Address,
    _name: &str,
) -> Result<Connection, ConnectError> {
    Err(ConnectError::Unsupported {
        address: address.clone(),
        why: name::ABSTRACT_IS_LINUX,
    })
}

pub(crate) async fn connect_pipe(
    address: &Address,
    _name: &str,
) -> Result<Connection, ConnectError> {
    Err(ConnectError::Unsupported {
        address: address.clone(),
        why: name::PIPE_IS_WINDOWS,
    })
}

/// How far an error of `accept(2)` goes.
pub(crate) fn accept_fault(error: &io::Error) -> Fault {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::CONNABORTED | Errno::CONNRESET | Errno::INTR | Errno::PROTO | Errno::PERM) => {
            Fault::Connection
        }
        Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP) => Fault::Listener,
        // EMFILE, ENFILE, ENOBUFS, ENOMEM, and what a system may add: asking again at once would only burn time.
        _ => Fault::Moment,
    }
}

fn connection(stream: UnixStream, transport: Transport) -> Connection {
    let peer = identity::peer_of(&stream, transport);
    Connection::new(Wire::Local(stream), peer)
}

/// Connects as often as it takes to come into a full backlog: Linux answers EAGAIN then to a socket that does not block,
/// and nothing tells of room in it. The caller bounds the time.
pub(crate) async fn patiently<T, F>(mut connect: impl FnMut() -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut wait = CONNECT_RETRY_MIN;
    loop {
        match connect().await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(CONNECT_RETRY_MAX);
            }
            connected => return connected,
        }
    }
}
