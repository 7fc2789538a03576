//! Where a connection's bytes go.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use nearcall_lane::Output;
use nearcall_transport::{WriteHalf, blocking};
use tokio::io::AsyncWrite;

/// The most pieces of the output that one write takes.
const SLICES_MAX: usize = 32;

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) enum Writer {
    /// A task drives the connection, and is woken when there is room again.
    Task(WriteHalf),
    /// Those who call drive it themselves.
    Callers(Arc<blocking::Stream>),
    /// Nowhere: the connection has ended.
    Closed,
}

impl Writer {
    /// Writes once, and takes what was written off the output.
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut Output,
    ) -> Poll<io::Result<()>> {
        let mut slices = [io::IoSlice::new(&[]); SLICES_MAX];
        let filled = output.chunks_vectored(&mut slices);
        let slices = slices.get(..filled).unwrap_or_default();
        let written = match self {
            Self::Task(writer) => {
                let writer = Pin::new(writer);
                match slices {
                    [one] => ready!(writer.poll_write(cx, one))?,
                    many => ready!(writer.poll_write_vectored(cx, many))?,
                }
            }
            Self::Callers(stream) => match stream.write(slices)? {
                Some(written) => written,
                None => return Poll::Pending,
            },
            Self::Closed => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        output.advance(written);
        Poll::Ready(Ok(()))
    }

    /// Lets go of the connection, as far as this has it: who still makes calls on it does not keep it open. Where those who
    /// call have it, it is closed with the last of them.
    pub(crate) fn close(&mut self) {
        if self.has_task() {
            *self = Self::Closed;
        }
    }

    /// Whether somebody else writes what is left in the output.
    pub(crate) const fn has_task(&self) -> bool {
        matches!(self, Self::Task(_))
    }
}
