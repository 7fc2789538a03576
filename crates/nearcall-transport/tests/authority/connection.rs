//! The filter around a connection: short reads, small buffers, ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use nearcall_transport::authority::Healed;
use nearcall_transport::preface::sniff;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::wire::{Framing, Name, Spelling, connection, literal, request_start, whole};

/// A connection that gives one piece per read, after saying once that it has nothing yet.
struct Pieces {
    pieces: Vec<Vec<u8>>,
    ready: bool,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.ready = !self.ready;
        if self.ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(piece) = self.pieces.first_mut() {
            let len = piece.len().min(buf.remaining());
            buf.put_slice(&piece[..len]);
            piece.drain(..len);
            if piece.is_empty() {
                self.pieces.remove(0);
            }
        }
        Poll::Ready(Ok(()))
    }
}

fn block(authority: &[u8]) -> Vec<u8> {
    let field = literal(Spelling::Without, Name::Index(1), authority, true);
    [&request_start()[..], &field].concat()
}

fn bytes() -> Vec<u8> {
    let framing = Framing {
        padding: Some(1),
        priority: true,
        cuts: vec![5],
    };
    connection(
        &framing,
        &[block(br"\\.\pipe\n"), block(b"/b"), block(b"clean")],
    )
}

/// Reads all with a buffer of `room` bytes.
async fn read_all(mut healed: Healed<Pieces>, room: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buf = vec![0; room];
    loop {
        let read = healed.read(&mut buf).await.unwrap();
        if read == 0 {
            return all;
        }
        all.extend(&buf[..read]);
    }
}

#[tokio::test]
async fn any_buffer_and_any_pieces_give_the_same() {
    let bytes = bytes();
    let expected = whole(&bytes);
    assert_ne!(expected, bytes);
    for room in [1, 2, 3, 8, 9, 10, 64, 8192] {
        for piece in [1, 2, 7, 9, 24, 33, 100, 10_000] {
            let pieces = bytes.chunks(piece).map(<[u8]>::to_vec).collect();
            let healed = Healed::new(Pieces {
                pieces,
                ready: false,
            });
            assert_eq!(
                read_all(healed, room).await,
                expected,
                "{room} bytes of room, pieces of {piece}"
            );
        }
    }
}

#[tokio::test]
async fn a_connection_that_ends_anywhere_gives_what_it_held() {
    let bytes = bytes();
    for end in 0..bytes.len() {
        let pieces = bytes[..end].chunks(11).map(<[u8]>::to_vec).collect();
        let healed = Healed::new(Pieces {
            pieces,
            ready: false,
        });
        assert_eq!(
            read_all(healed, 16).await,
            whole(&bytes[..end]),
            "ended after {end}"
        );
    }
}

#[tokio::test]
async fn steps_aside_passes_on_and_keeps_the_original() {
    let (mut client, accepted) = tokio::io::duplex(1024);
    let (_, prefaced) = {
        client
            .write_all(&connection(&Framing::default(), &[block(b"localhost")]))
            .await
            .unwrap();
        sniff(accepted).await.unwrap()
    };
    let mut healed = Healed::new(prefaced);
    let original = healed.original_authority();
    assert!(!healed.is_aside());
    let mut buf = vec![0; 1024];
    let mut read = 0;
    while original.as_bytes().is_none() {
        read += healed.read(&mut buf[read..]).await.unwrap();
    }
    assert!(healed.is_aside());
    assert_eq!(original.to_string(), "localhost");

    // From here on nothing is looked at.
    client.write_all(b"anything").await.unwrap();
    assert_eq!(healed.read(&mut buf).await.unwrap(), 8);
    assert_eq!(&buf[..8], b"anything");
    healed.write_all(b"back").await.unwrap();
    client.read_exact(&mut buf[..4]).await.unwrap();
    assert_eq!(&buf[..4], b"back");
    assert!(Healed::passive(client).is_aside());
}

#[tokio::test]
async fn a_read_without_room_reads_nothing() {
    let healed = &mut Healed::new(Pieces {
        pieces: vec![bytes()],
        ready: false,
    });
    assert_eq!(healed.read(&mut []).await.unwrap(), 0);
    let mut rest = Vec::new();
    healed.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, whole(&bytes()));
}

#[tokio::test]
async fn vectored_writes_reach_the_connection() {
    /// Counts what it is asked to write at once.
    struct Vectored(Vec<usize>);
    impl AsyncRead for Vectored {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
    impl AsyncWrite for Vectored {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.push(1);
            Poll::Ready(Ok(buf.len()))
        }
        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[io::IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.0.push(bufs.len());
            Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
        }
        fn is_write_vectored(&self) -> bool {
            true
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    let (_, prefaced) = sniff(Vectored(vec![])).await.unwrap();
    let mut healed = Healed::new(prefaced);
    assert!(healed.is_write_vectored());
    let bufs = [io::IoSlice::new(b"ab"), io::IoSlice::new(b"c")];
    assert_eq!(healed.write_vectored(&bufs).await.unwrap(), 3);
    healed.flush().await.unwrap();
    healed.shutdown().await.unwrap();
    assert_eq!(healed.inner().inner().0, [2]);
}
