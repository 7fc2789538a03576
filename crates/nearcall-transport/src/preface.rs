//! First-bytes dispatch: what a client speaks, told from the first bytes of its connection.
//!
//! The listener gives a connection, [`sniff`] reads until the bytes can mean only one thing, and the connection goes on
//! as a [`Prefaced`], which gives those bytes again: whoever serves it reads from the very beginning.

use std::fmt;
use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// The bytes every HTTP/2 client sends first (RFC 9113 section 3.4).
pub const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The bytes every peer that speaks the lane sends first (`docs/lane.md`).
pub const LANE_OPENING: &[u8; 8] = b"\x89NCALL\r\n";

/// Limit: the most bytes [`sniff`] reads; the length of the longest opening it knows.
pub const FIRST_BYTES_MAX: usize = HTTP2_PREFACE.len();

/// What the first bytes of a connection say that the client speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preface {
    /// HTTP/2, hence gRPC.
    Http2,
    /// The lane.
    Lane,
    /// Nothing known; the bytes are what tells the reader of a log who knocked.
    Unknown(FirstBytes),
    /// The client closed before its bytes could mean one thing; empty when it said nothing at all.
    Closed(FirstBytes),
}

/// One opening per line: a new wire adds its magic here and its variant above. No opening may be the start of another.
const OPENINGS: &[(&[u8], Preface)] = &[
    (HTTP2_PREFACE, Preface::Http2),
    (LANE_OPENING, Preface::Lane),
];

/// Reads until the first bytes decide, which is at the end of a known opening or at the first byte that fits none.
///
/// There is no timeout inside: a client that connects and stays silent keeps this waiting, so bound it with
/// `tokio::time::timeout`. Dropping the future drops the connection.
///
/// ```
/// use nearcall_transport::preface::{Preface, sniff};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (mut client, server) = tokio::io::duplex(64);
/// client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
///
/// let (preface, mut connection) = sniff(server).await?;
/// assert_eq!(preface, Preface::Http2);
///
/// let mut again = [0; 24];
/// connection.read_exact(&mut again).await?;
/// assert!(again.starts_with(b"PRI * HTTP/2.0"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The error of the read that failed. A connection closed by the client is no error: it is [`Preface::Closed`].
pub async fn sniff<C: AsyncRead + Unpin>(mut io: C) -> io::Result<(Preface, Prefaced<C>)> {
    let mut first = FirstBytes::default();
    let preface = loop {
        if let Some(preface) = decide(&first) {
            break preface;
        }
        let read = io.read(first.spare_mut()).await?;
        if read == 0 {
            break Preface::Closed(first);
        }
        first.grow(read);
    };
    Ok((
        preface,
        Prefaced {
            first,
            replayed: 0,
            io,
        },
    ))
}

/// What the bytes mean, or `None` while they are the beginning of a known opening and no more.
#[must_use]
pub fn decide(first: &FirstBytes) -> Option<Preface> {
    let bytes = first.as_bytes();
    for (opening, preface) in OPENINGS {
        if bytes.starts_with(opening) {
            return Some(preface.clone());
        }
        if opening.starts_with(bytes) {
            return None;
        }
    }
    Some(Preface::Unknown(*first))
}

/// The first bytes of a connection: at most [`FIRST_BYTES_MAX`] of them, shown escaped.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct FirstBytes {
    bytes: [u8; FIRST_BYTES_MAX],
    len: usize,
}

impl FirstBytes {
    /// The first [`FIRST_BYTES_MAX`] of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut first = Self::default();
        for (to, from) in first.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        first.grow(bytes.len());
        first
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn spare_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.len..).unwrap_or_default()
    }

    fn grow(&mut self, by: usize) {
        self.len = self.len.saturating_add(by).min(FIRST_BYTES_MAX);
    }
}

impl fmt::Display for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().escape_ascii().fmt(f)
    }
}

impl fmt::Debug for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{self}\"")
    }
}

/// A connection whose first bytes were read by [`sniff`]: reads give them again, then go straight through.
#[derive(Debug)]
pub struct Prefaced<C> {
    first: FirstBytes,
    /// How many of `first` were given again.
    replayed: usize,
    io: C,
}

impl<C> Prefaced<C> {
    /// The connection underneath, for its facts; reading from it would miss the first bytes.
    pub const fn inner(&self) -> &C {
        &self.io
    }

    /// The first bytes and the connection that goes on after them, for who reads them apart. What was read through this
    /// before comes again.
    pub fn into_parts(self) -> (FirstBytes, C) {
        (self.first, self.io)
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Prefaced<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.replayed == self.first.len {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let rest = self
            .first
            .as_bytes()
            .get(self.replayed..)
            .unwrap_or_default();
        let now = rest.get(..buf.remaining()).unwrap_or(rest);
        buf.put_slice(now);
        self.replayed = self.replayed.saturating_add(now.len());
        Poll::Ready(Ok(()))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Prefaced<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
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
