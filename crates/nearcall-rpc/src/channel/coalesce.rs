//! One write where HTTP/2 would make two.
//!
//! hyper writes a request's headers as soon as it has them, and its message one task switch later. Two writes are two
//! system calls, and on one core the first may wake a server that then finds half a request. So a flush waits once for
//! whatever else is ready to run, and then writes all that has come together.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::burst::Burst;
use crate::limits::COALESCED_BYTES_MAX;

/// Holds small writes back until they are flushed.
#[derive(Debug)]
pub(crate) struct Coalesce<C> {
    io: C,
    held: Vec<u8>,
    /// How much of what is held has been written.
    written: usize,
    /// Whether the flush under way has let others run.
    waited: bool,
    burst: Burst,
}

impl<C> Coalesce<C> {
    pub(crate) const fn new(io: C, burst: Burst) -> Self {
        Self {
            io,
            held: Vec::new(),
            written: 0,
            waited: false,
            burst,
        }
    }
}

impl<C: AsyncWrite + Unpin> Coalesce<C> {
    /// Writes out what is held.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self
            .held
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.held.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Coalesce<C> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len: usize = slices.iter().map(|slice| slice.len()).sum();
        if self.held.len() + len <= COALESCED_BYTES_MAX {
            slices
                .iter()
                .for_each(|slice| self.held.extend_from_slice(slice));
            return Poll::Ready(Ok(len));
        }
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.held.is_empty() {
            if !self.waited {
                self.waited = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            ready!(self.poll_drain(cx))?;
        }
        self.waited = false;
        self.burst.end();
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Coalesce<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn every_byte_arrives_in_order_whatever_the_sizes() {
        // A pipe smaller than the buffer, so that drains stop half-way.
        let (near, mut far) = tokio::io::duplex(1_000);
        let sizes = [1, 9, 16 * 1_024, 100, COALESCED_BYTES_MAX, 1, 70_000, 3];
        let writing = tokio::spawn(async move {
            let mut near = Coalesce::new(near, Burst::default());
            for (round, size) in sizes.into_iter().enumerate() {
                near.write_all(&vec![round as u8; size]).await.unwrap();
                if round % 2 == 1 {
                    near.flush().await.unwrap();
                }
            }
            near.shutdown().await.unwrap();
        });
        let mut arrived = Vec::new();
        far.read_to_end(&mut arrived).await.unwrap();
        writing.await.unwrap();
        let rounds = sizes.into_iter().enumerate();
        let sent: Vec<u8> = rounds
            .flat_map(|(round, size)| vec![round as u8; size])
            .collect();
        assert!(arrived == sent, "{} bytes of {}", arrived.len(), sent.len());
    }

    #[tokio::test]
    async fn what_is_written_while_a_flush_waits_goes_out_with_it() {
        let mut mock = tokio_test::io::Builder::new()
            .write(b"headers, message")
            .build();
        let mut io = Coalesce::new(&mut mock, Burst::default());
        io.write_all(b"headers, ").await.unwrap();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut io).poll_flush(&mut cx).is_pending());
        io.write_all(b"message").await.unwrap();
        assert!(Pin::new(&mut io).poll_flush(&mut cx).is_ready());
    }
}
