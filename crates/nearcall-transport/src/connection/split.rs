//! A connection as two halves that are used apart: one task reads while others write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::tcp;

use super::{Connection, Wire};
use crate::imp;

/// What a connection brings.
#[derive(Debug)]
pub struct ReadHalf(Reader);

/// What goes out on a connection. Its end closes this direction alone; the connection ends with both halves.
#[derive(Debug)]
pub struct WriteHalf(Writer);

#[derive(Debug)]
enum Reader {
    Local(imp::ReadHalf),
    Tcp(tcp::OwnedReadHalf),
    Memory(tokio::io::ReadHalf<DuplexStream>),
    #[cfg(feature = "parity-tokio-ipc")]
    Parity(tokio::io::ReadHalf<crate::parity::Stream>),
}

#[derive(Debug)]
enum Writer {
    Local(imp::WriteHalf),
    Tcp(tcp::OwnedWriteHalf),
    Memory(tokio::io::WriteHalf<DuplexStream>),
    #[cfg(feature = "parity-tokio-ipc")]
    Parity(tokio::io::WriteHalf<crate::parity::Stream>),
}

impl Connection {
    /// The two halves. Where the system can use a stream from two sides, nothing is locked between them.
    #[must_use]
    pub fn into_split(self) -> (ReadHalf, WriteHalf) {
        let (reader, writer) = match self.wire {
            Wire::Local(stream) => {
                let (read, write) = imp::split(stream);
                (Reader::Local(read), Writer::Local(write))
            }
            Wire::Tcp(stream) => {
                let (read, write) = stream.into_split();
                (Reader::Tcp(read), Writer::Tcp(write))
            }
            Wire::Memory(stream) => {
                let (read, write) = tokio::io::split(stream);
                (Reader::Memory(read), Writer::Memory(write))
            }
            #[cfg(feature = "parity-tokio-ipc")]
            Wire::Parity(stream) => {
                let (read, write) = tokio::io::split(stream);
                (Reader::Parity(read), Writer::Parity(write))
            }
        };
        (ReadHalf(reader), WriteHalf(writer))
    }
}

/// Calls the same method on whichever half there is.
macro_rules! on_half {
    ($half:expr, $kind:ident, $stream:ident => $call:expr) => {
        match $half {
            $kind::Local($stream) => $call,
            $kind::Tcp($stream) => $call,
            $kind::Memory($stream) => $call,
            #[cfg(feature = "parity-tokio-ipc")]
            $kind::Parity($stream) => $call,
        }
    };
}

impl AsyncRead for ReadHalf {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_half!(&mut self.0, Reader, stream => Pin::new(stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for WriteHalf {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_half!(&mut self.0, Writer, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_half!(&mut self.0, Writer, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        on_half!(&self.0, Writer, stream => stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_half!(&mut self.0, Writer, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_half!(&mut self.0, Writer, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
