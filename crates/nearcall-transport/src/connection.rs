//! A stream of bytes to a peer, over whichever wire.

mod error;
mod split;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

use crate::limits::CONNECT_TIMEOUT;
use crate::{Address, Peer, Transport, imp, memory, tcp};

pub use error::ConnectError;
pub use split::{ReadHalf, WriteHalf};

/// A connected stream of bytes, dialed or accepted, and who is at the other end.
#[derive(Debug)]
pub struct Connection {
    wire: Wire,
    peer: Peer,
}

#[derive(Debug)]
pub(crate) enum Wire {
    Local(imp::Stream),
    Tcp(TcpStream),
    Memory(DuplexStream),
    #[cfg(feature = "parity-tokio-ipc")]
    Parity(crate::parity::Stream),
}

impl Connection {
    pub(crate) const fn new(wire: Wire, peer: Peer) -> Self {
        Self { wire, peer }
    }

    /// Dials an address. A listener whose backlog is full is asked again until [`CONNECT_TIMEOUT`] is over.
    ///
    /// # Errors
    ///
    /// Nobody listens there, or may be reached in time.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has I/O and time.
    pub async fn connect(address: &Address) -> Result<Self, ConnectError> {
        match tokio::time::timeout(CONNECT_TIMEOUT, dial(address)).await {
            Ok(connected) => connected,
            Err(_) => Err(ConnectError::TimedOut {
                address: address.clone(),
                limit: CONNECT_TIMEOUT,
            }),
        }
    }

    /// Both ends of a connection within this process.
    #[must_use]
    pub fn pair() -> (Self, Self) {
        memory::pair()
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The kind of wire.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.peer.transport
    }
}

async fn dial(address: &Address) -> Result<Connection, ConnectError> {
    match address {
        Address::Unix(path) => imp::connect_unix(address, path).await,
        Address::UnixAbstract(name) => imp::connect_abstract(address, name).await,
        Address::Pipe(name) => imp::connect_pipe(address, name).await,
        Address::Http(host) => tcp::connect(address, host).await,
        Address::Inherit(number) => Ok(imp::take_inherited(*number)?),
        Address::Memory(name) => memory::connect(name).await,
        #[cfg(feature = "parity-tokio-ipc")]
        Address::Parity(endpoint) => crate::parity::connect(address, endpoint).await,
        #[cfg(not(feature = "parity-tokio-ipc"))]
        Address::Parity(_) => Err(ConnectError::Unsupported {
            address: address.clone(),
            why: crate::PARITY_NOT_BUILT_IN,
        }),
    }
}

/// Calls the same method on whichever stream there is.
macro_rules! on_wire {
    ($connection:expr, $stream:ident => $call:expr) => {
        match &mut $connection.get_mut().wire {
            Wire::Local($stream) => $call,
            Wire::Tcp($stream) => $call,
            Wire::Memory($stream) => $call,
            #[cfg(feature = "parity-tokio-ipc")]
            Wire::Parity($stream) => $call,
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_wire!(self, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_wire!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_wire!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Local(stream) => stream.is_write_vectored(),
            Wire::Tcp(stream) => stream.is_write_vectored(),
            Wire::Memory(stream) => stream.is_write_vectored(),
            #[cfg(feature = "parity-tokio-ipc")]
            Wire::Parity(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
