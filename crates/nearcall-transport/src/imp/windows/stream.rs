//! Either end of a pipe, as a stream of bytes.
//!
//! A pipe cannot be closed in one direction: [`shutdown`](tokio::io::AsyncWriteExt::shutdown) sends out what was written,
//! and the peer hears of an end once the whole connection is dropped.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use nearcall_sys::pipe::End;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use windows_sys::Win32::Foundation::{ERROR_BROKEN_PIPE, ERROR_PIPE_NOT_CONNECTED};

/// The stream of a local connection.
#[derive(Debug)]
pub(crate) struct Stream(pub(super) End);

/// What a local connection brings.
pub(crate) type ReadHalf = tokio::io::ReadHalf<Stream>;

/// What goes out on a local connection.
pub(crate) type WriteHalf = tokio::io::WriteHalf<Stream>;

/// Both halves of a local connection.
pub(crate) fn split(stream: Stream) -> (ReadHalf, WriteHalf) {
    tokio::io::split(stream)
}

/// Calls the same method on whichever end there is.
macro_rules! on_end {
    ($stream:expr, $end:ident => $call:expr) => {
        match $stream {
            End::Server($end) => $call,
            End::Client($end) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = on_end!(&mut self.get_mut().0, end => Pin::new(end).poll_read(cx, buffer));
        match read {
            // A peer that has gone is how a stream ends here.
            Poll::Ready(Err(error)) if has_gone(&error) => Poll::Ready(Ok(())),
            read => read,
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_end!(&mut self.get_mut().0, end => Pin::new(end).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_end!(&mut self.get_mut().0, end => Pin::new(end).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        on_end!(&self.0, end => end.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_end!(&mut self.get_mut().0, end => Pin::new(end).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_end!(&mut self.get_mut().0, end => Pin::new(end).poll_shutdown(cx))
    }
}

fn has_gone(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(i32::cast_unsigned),
        Some(ERROR_BROKEN_PIPE | ERROR_PIPE_NOT_CONNECTED)
    )
}
