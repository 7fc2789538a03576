//! Endpoints of the `parity-tokio-ipc` crate as a transport, for peers that use that crate.
//!
//! A nearcall server can listen on one ([`Address::Parity`]), and its clients dial it with
//! `parity_tokio_ipc::Endpoint::connect`; and a nearcall client can dial a server that is built on one. `parity:/path` is
//! a socket at that path, `parity:\\\\.\\pipe\\name` a pipe on Windows; `parity:name` is `<runtime folder>/parity/<name>.sock`, in a folder that is this user's alone, and on Windows
//! `\\\\.\\pipe\\name`.
//!
//! What is guarded around the crate: a socket that a dead server has left is cleared, a live one is not disturbed and
//! two nearcall servers are never at one path, by the same lock as for `unix:`.
//!
//! What cannot be: the crate hides the socket, so **nobody knows who a peer is**, and the default
//! [`PeerPolicy`](crate::PeerPolicy) refuses it. The socket is closed to other users after it is bound and not before; in
//! a folder of this user alone, which `parity:name` has, nobody comes in between. At the end the crate unlinks whatever
//! is at its path, also when that is another's by then.

use std::fmt;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use parity_tokio_ipc::Endpoint;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_stream::StreamExt;

use crate::connection::Wire;
use crate::listener::recover;
use crate::{Address, BindError, ConnectError, Connection, ListenOptions, Peer, Transport, imp};
#[cfg(unix)]
use crate::{PrivateDir, runtime_dir};

/// The folder of named endpoints, within the runtime folder.
#[cfg(unix)]
const FOLDER: &str = "parity";

/// Both directions of a stream whose type the crate does not name.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

/// The streams that come in, of a type that the crate does not name either.
type BoxedIncoming = Pin<Box<dyn tokio_stream::Stream<Item = io::Result<Box<dyn Duplex>>> + Send>>;

/// A stream that was dialed, whose type has a name, or accepted, whose type has none and has to be boxed.
pub(crate) enum Stream {
    Dialed(parity_tokio_ipc::Connection),
    Accepted(Box<dyn Duplex>),
}

/// Fields are dropped in this order: the crate unlinks its socket, then the lock is given up.
pub(crate) struct Listener {
    /// On Windows it is used by one thread at a time. Nobody waits for the lock, since accepting takes the whole listener.
    incoming: Mutex<BoxedIncoming>,
    claim: imp::Claim,
}

impl Listener {
    /// Listens at an endpoint, and answers its path.
    pub(crate) async fn bind(
        address: &Address,
        endpoint: &str,
        options: &ListenOptions,
    ) -> Result<(String, Self), BindError> {
        let path = path_of(endpoint);
        imp::checked_path(&path)?;
        #[cfg(unix)]
        if !endpoint.starts_with('/') {
            PrivateDir::open(&runtime_dir(), FOLDER)?;
        }
        let claim = imp::Claim::take(&path, address, &options.owner).await?;
        let text = path.display().to_string();
        let incoming = match Endpoint::new(text.clone()).incoming() {
            Ok(incoming) => incoming,
            Err(source) => {
                return Err(BindError::Io {
                    address: address.clone(),
                    source,
                });
            }
        };
        let boxed =
            incoming.map(|accepted| accepted.map(|stream| Box::new(stream) as Box<dyn Duplex>));
        Ok((
            text,
            Self {
                incoming: Mutex::new(Box::pin(boxed)),
                claim,
            },
        ))
    }

    pub(crate) async fn accept(&mut self) -> io::Result<Connection> {
        let incoming = self
            .incoming
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            match incoming.next().await {
                Some(Ok(stream)) => return Ok(connection(Stream::Accepted(stream))),
                Some(Err(error)) => recover(error).await?,
                None => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
    }
}

pub(crate) async fn connect(address: &Address, endpoint: &str) -> Result<Connection, ConnectError> {
    let path = path_of(endpoint);
    imp::checked_path(&path)?;
    match imp::patiently(|| Endpoint::connect(&path)).await {
        Ok(stream) => Ok(connection(Stream::Dialed(stream))),
        Err(source) => Err(ConnectError::from_io(address, source)),
    }
}

fn connection(stream: Stream) -> Connection {
    Connection::new(Wire::Parity(stream), Peer::unknown(Transport::Parity))
}

/// Pipes have no folders.
#[cfg(windows)]
fn path_of(endpoint: &str) -> PathBuf {
    if endpoint.starts_with('\\') {
        endpoint.into()
    } else {
        nearcall_sys::pipe::path(endpoint).into()
    }
}

#[cfg(unix)]
fn path_of(endpoint: &str) -> PathBuf {
    if endpoint.starts_with('/') {
        endpoint.into()
    } else {
        runtime_dir().join(FOLDER).join(format!("{endpoint}.sock"))
    }
}

/// Calls the same method on whichever stream there is.
macro_rules! on_stream {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Dialed($inner) => $call,
            Stream::Accepted($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        on_stream!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dialed(_) => "Stream::Dialed",
            Self::Accepted(_) => "Stream::Accepted",
        })
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}
