//! Follows a connection until the client has said all that HTTP/2 makes it say first: its preface and one whole SETTINGS
//! frame (RFC 9113 section 3.4). A client that stops short of that is still a newcomer, and goes when newcomers go.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use nearcall_transport::preface::HTTP2_PREFACE;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::server::newcomers::Newcomer;

/// Length, type, flags and stream of an HTTP/2 frame (RFC 9113 section 4.1).
const FRAME_HEADER_LEN: usize = 9;

/// Holds the newcomer's place until the opening is complete.
#[derive(Debug)]
pub(crate) struct Opening<C> {
    io: C,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    #[expect(dead_code, reason = "held for its drop")]
    newcomer: Newcomer,
    seen: usize,
    /// The first frame's length, as its bytes come in, the most significant first.
    frame_len: usize,
}

impl<C> Opening<C> {
    pub(crate) const fn new(io: C, newcomer: Newcomer) -> Self {
        Self {
            io,
            waiting: Some(Waiting {
                newcomer,
                seen: 0,
                frame_len: 0,
            }),
        }
    }
}

impl Waiting {
    /// Takes note of more bytes; whether the opening is complete.
    fn saw(&mut self, bytes: &[u8]) -> bool {
        let length_at = HTTP2_PREFACE.len();
        for byte in bytes {
            if (length_at..length_at + 3).contains(&self.seen) {
                self.frame_len = (self.frame_len << 8) | usize::from(*byte);
            }
            self.seen += 1;
            if self.seen >= length_at + FRAME_HEADER_LEN + self.frame_len {
                return true;
            }
        }
        false
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Opening<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        if let Some(waiting) = &mut self.waiting
            && waiting.saw(buffer.filled().get(before..).unwrap_or_default())
        {
            self.waiting = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Opening<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::newcomers::Newcomers;

    #[test]
    fn complete_with_the_last_byte_of_the_first_frame_however_it_is_cut() {
        let check = |payload: usize| {
            let mut bytes = HTTP2_PREFACE.to_vec();
            let length = u32::try_from(payload).unwrap().to_be_bytes();
            bytes.extend_from_slice(&[length[1], length[2], length[3], 4, 0, 0, 0, 0, 0]);
            bytes.resize(bytes.len() + payload, 0);
            for cut in 0..bytes.len() {
                let newcomer = Newcomers::new(1).enter();
                let mut waiting = Waiting {
                    newcomer,
                    seen: 0,
                    frame_len: 0,
                };
                assert!(!waiting.saw(&bytes[..cut]), "{payload}, {cut}");
                assert!(waiting.saw(&bytes[cut..]), "{payload}, {cut}");
            }
        };
        [0, 6, 36, 300].into_iter().for_each(check);
    }
}
