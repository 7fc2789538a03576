//! Authority healing: stock gRPC clients dial a Unix socket with no option set, whatever `:authority` they send.
//!
//! Over a Unix socket many clients send the socket's path as the authority of their requests: grpcio sends `a%2Fb.sock`,
//! grpc-java `/a/b.sock`, grpc-go with a pipe path `%5C%5C.%5Cpipe%5Cn`. The HTTP/2 server underneath, `h2`, refuses a
//! request whose authority is not a URI authority. [`Healed`] wraps an accepted connection, follows the HTTP/2 frames
//! that the client sends, and puts `-` where an authority has a byte that it may not have: `a-2Fb.sock`, `-a-b.sock`.
//!
//! **The length of the decoded authority never changes**, so the dynamic tables of the client's HPACK encoder and of the
//! server's decoder stay in step (RFC 7541 section 4.1), and requests that refer to an entry by its index go on working.
//! The one exception has no entry: an empty authority, which only an index into the static table or a literal without
//! indexing carries harmlessly, is sent on as the literal `localhost`. An empty authority that the client adds to its
//! dynamic table cannot be healed; the server refuses that request.
//!
//! **When it steps aside.** Clients send one authority for as long as a connection lives. Once a request came with an
//! authority that needed nothing, reads go straight to the connection for good; should that client later send one that
//! is no URI authority, the server refuses that request. A connection that did need healing is followed to its end: a
//! client may send the literal again at any time, when its table evicted the entry. Following copies nothing but header
//! blocks that arrive in parts or are healed.
//!
//! **What it does not understand it does not touch.** Bytes that are not HTTP/2, broken HPACK, a header block over
//! [`HEADER_BLOCK_MAX`]: all go on as they came, and the server's own checks and limits answer.
//!
//! A healed authority names nothing: never authorise or route by it. [`OriginalAuthority`] keeps for the logs what the
//! client really sent.

// These modules parse bytes from strangers.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod filter;
mod frames;
mod hpack;
mod original;
mod uri;

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use filter::{Filter, HEADER_BLOCK_MAX};
pub use hpack::TABLE_SIZE_MAX;
pub use original::{KEPT_MAX, OriginalAuthority};
pub use uri::{PLACEHOLDER, heal};

/// A connection whose client's `:authority` is healed as it is read; writes go straight through.
///
/// ```
/// use nearcall_transport::authority::Healed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (_client, accepted) = tokio::io::duplex(64);
/// let connection = Healed::new(accepted);
/// let original = connection.original_authority();
/// // ... `connection` goes to the HTTP/2 server, `original` into the connection's log span.
/// assert_eq!(original.to_string(), "");
/// # }
/// ```
pub struct Healed<C> {
    io: C,
    /// `None` once the filter stepped aside.
    filter: Option<Box<Filter>>,
    /// Bytes that the filter gave in place of what was read, not yet handed to the reader.
    out: Vec<u8>,
    /// How many bytes of `out` were handed over.
    given: usize,
    original: OriginalAuthority,
}

impl<C> Healed<C> {
    /// Heals what the client on `io` sends.
    pub fn new(io: C) -> Self {
        Self::with_filter(io, Filter::new())
    }

    /// As [`new`](Self::new), with a limit other than [`HEADER_BLOCK_MAX`]: that of a server which accepts longer
    /// header lists than usual.
    pub fn with_header_block_max(io: C, header_block_max: usize) -> Self {
        Self::with_filter(io, Filter::with_header_block_max(header_block_max))
    }

    /// Lets everything through untouched: for TCP, where the authority is a host, and for measuring.
    pub fn passive(io: C) -> Self {
        Self {
            io,
            filter: None,
            out: Vec::new(),
            given: 0,
            original: OriginalAuthority::default(),
        }
    }

    fn with_filter(io: C, filter: Filter) -> Self {
        Self {
            io,
            original: filter.original_authority(),
            filter: Some(Box::new(filter)),
            out: Vec::new(),
            given: 0,
        }
    }

    /// What the client sent as its authority: a handle that fills when the first request arrives, so it may be taken
    /// before the server takes the connection.
    pub fn original_authority(&self) -> OriginalAuthority {
        self.original.clone()
    }

    /// Whether reads go straight to the connection.
    pub const fn is_aside(&self) -> bool {
        self.filter.is_none() && self.out.is_empty()
    }

    /// The connection underneath, for its facts; reading from it would miss bytes held here.
    pub const fn inner(&self) -> &C {
        &self.io
    }

    /// Hands over as much as fits of what the filter gave.
    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let rest = self.out.get(self.given..).unwrap_or_default();
        let now = rest.get(..buf.remaining()).unwrap_or(rest);
        buf.put_slice(now);
        self.given = self.given.saturating_add(now.len());
        if self.given == self.out.len() {
            self.given = 0;
            // A connection keeps no buffer while it has nothing to say.
            self.out = Vec::new();
        }
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Healed<C> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Ends: each turn returns, or reads bytes that the filter holds, of which it takes a bounded number.
        loop {
            if !this.out.is_empty() {
                this.give(buf);
                return Poll::Ready(Ok(()));
            }
            let Some(filter) = &mut this.filter else {
                return Pin::new(&mut this.io).poll_read(cx, buf);
            };
            if buf.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
            let new = buf.filled().get(before..).unwrap_or_default();
            let ended = new.is_empty();
            if ended {
                filter.finish(&mut this.out);
            } else {
                let kept = filter.follow(new, &mut this.out);
                buf.set_filled(before.saturating_add(kept));
            }
            if filter.is_aside() {
                this.filter = None;
            }
            if !this.out.is_empty() {
                this.give(buf);
            }
            if ended || buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Healed<C> {
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

impl<C: fmt::Debug> fmt::Debug for Healed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Healed")
            .field("io", &self.io)
            .field("aside", &self.is_aside())
            .field("original", &self.original)
            .finish_non_exhaustive()
    }
}
