//! What a stream of bytes has to do.

use std::io::IoSlice;
use std::pin::Pin;

use nearcall::tokio;
use nearcall_transport::Connection;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Wire;
use crate::PATIENCE;

/// More than any buffer on the way holds, so that writers have to wait for readers.
const LARGE: usize = 8 << 20;

/// What is written comes out, once, in order, in both directions.
///
/// # Panics
///
/// It does not.
pub async fn echo(wire: &Wire) {
    let (mut client, mut server) = wire.pair().await;
    for round in 0..100_u8 {
        client
            .write_all(&[round; 17])
            .await
            .expect("the client writes");
        let mut heard = [0; 17];
        server
            .read_exact(&mut heard)
            .await
            .expect("the server reads");
        assert_eq!(heard, [round; 17]);
        server
            .write_all(&[round, !round])
            .await
            .expect("the server writes");
        let mut answer = [0; 2];
        client
            .read_exact(&mut answer)
            .await
            .expect("the client reads");
        assert_eq!(answer, [round, !round]);
    }
}

/// Both directions carry much at once, and neither holds the other up.
///
/// # Panics
///
/// Bytes are lost or changed, or the transfers stand still.
pub async fn large_transfers_both_ways(wire: &Wire) {
    let (client, server) = wire.pair().await;
    let by_halves = wire.closes_by_halves();
    let both = async {
        tokio::join!(
            transfer(client, 1, 2, by_halves),
            transfer(server, 2, 1, by_halves)
        )
    };
    tokio::time::timeout(PATIENCE * 6, both)
        .await
        .expect("neither direction waits for the other");
}

async fn transfer(connection: Connection, own: u64, others: u64, by_halves: bool) {
    let (mut reader, mut writer) = tokio::io::split(connection);
    let write = async {
        writer
            .write_all(&noise(own))
            .await
            .expect("the writer writes");
        writer.shutdown().await.expect("the writer ends");
    };
    let read = async {
        let mut heard = Vec::new();
        if by_halves {
            reader
                .read_to_end(&mut heard)
                .await
                .expect("the reader reads");
        } else {
            heard.resize(LARGE, 0);
            reader
                .read_exact(&mut heard)
                .await
                .expect("the reader reads");
        }
        assert!(
            heard == noise(others),
            "{} bytes came, and not those that were sent",
            heard.len()
        );
    };
    tokio::join!(write, read);
}

/// Bytes that repeat at no distance a buffer has.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let step = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..LARGE).map(step).collect()
}

/// One side ends its direction, and the other goes on; on a pipe the end is not heard, and nothing else is lost.
///
/// # Panics
///
/// The other side hears no end, or can no longer answer.
pub async fn half_close(wire: &Wire) {
    let (mut client, mut server) = wire.pair().await;
    client
        .write_all(b"question")
        .await
        .expect("the client writes");
    client
        .shutdown()
        .await
        .expect("the client ends its direction");
    let mut heard = vec![0; if wire.closes_by_halves() { 0 } else { 8 }];
    if wire.closes_by_halves() {
        server
            .read_to_end(&mut heard)
            .await
            .expect("the server reads to the end");
    } else {
        server
            .read_exact(&mut heard)
            .await
            .expect("the server reads what there is");
    }
    assert_eq!(heard, b"question");
    server
        .write_all(b"answer")
        .await
        .expect("the other direction is open");
    drop(server);
    let mut answer = Vec::new();
    client
        .read_to_end(&mut answer)
        .await
        .expect("the client reads to the end");
    assert_eq!(answer, b"answer");
}

/// A dropped peer ends reading, after all it wrote; and writing fails.
///
/// # Panics
///
/// Reading or writing goes on.
pub async fn end_follows_a_dropped_peer(wire: &Wire) {
    let (mut client, mut server) = wire.pair().await;
    server
        .write_all(b"last words")
        .await
        .expect("the server writes");
    drop(server);
    let mut heard = Vec::new();
    let end = tokio::time::timeout(PATIENCE, client.read_to_end(&mut heard)).await;
    end.expect("reading ends")
        .expect("it ends without an error");
    assert_eq!(heard, b"last words");
    let failing = async { while client.write_all(&[0; 4096]).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, failing)
        .await
        .expect("writing to nobody fails");
}

/// A peer that leaves in the middle of what it is sent ends both directions, whichever side it is.
///
/// # Panics
///
/// The other side waits for it.
pub async fn end_follows_a_peer_that_leaves_halfway(wire: &Wire) {
    for leaver in ["client", "server"] {
        let (client, server) = wire.pair().await;
        let (mut stays, mut leaves) = match leaver {
            "client" => (server, client),
            _ => (client, server),
        };
        let leaving = async move {
            let mut some = vec![0; 100_000];
            leaves.read_exact(&mut some).await.expect("some comes");
        };
        let staying = async {
            let (mut reader, mut writer) = tokio::io::split(&mut stays);
            let mut rest = Vec::new();
            let write = async { while writer.write_all(&noise(1)).await.is_ok() {} };
            // A reset is as good as an end.
            let read = async { reader.read_to_end(&mut rest).await.unwrap_or(0) };
            let (_, heard) = tokio::join!(write, read);
            assert_eq!(heard, 0, "nothing was said");
        };
        let both = async { tokio::join!(leaving, staying) };
        let both = tokio::time::timeout(PATIENCE, both).await;
        both.unwrap_or_else(|_| panic!("nobody hears that the {leaver} has left"));
    }
}

/// Several slices go out in one call, and a wire that says it can do that does.
///
/// # Panics
///
/// Slices are lost, or written one by one.
pub async fn vectored_writes(wire: &Wire) {
    let (mut client, mut server) = wire.pair().await;
    assert!(
        client.is_write_vectored() || wire.transport() == nearcall_transport::Transport::Parity
    );
    let slices = [
        IoSlice::new(b"one "),
        IoSlice::new(b"two "),
        IoSlice::new(b"three"),
    ];
    let write = std::future::poll_fn(|cx| Pin::new(&mut client).poll_write_vectored(cx, &slices));
    let written = write.await.expect("the client writes");
    let all_at_once = client.is_write_vectored();
    assert!(
        written == 13 || !all_at_once,
        "{written} bytes of 13 went out"
    );
    client
        .shutdown()
        .await
        .expect("the client ends its direction");
    drop(client);
    let mut heard = Vec::new();
    server
        .read_to_end(&mut heard)
        .await
        .expect("the server reads");
    assert_eq!(heard, b"one two three"[..written]);
}
