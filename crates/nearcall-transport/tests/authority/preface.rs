//! First bytes decide, at the earliest byte that can.

use nearcall_transport::preface::{
    FIRST_BYTES_MAX, FirstBytes, HTTP2_PREFACE, Preface, Prefaced, decide, sniff,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

async fn sniffed(bytes: &[u8]) -> (Preface, Prefaced<DuplexStream>) {
    let (mut client, accepted) = tokio::io::duplex(1024);
    client.write_all(bytes).await.unwrap();
    drop(client);
    sniff(accepted).await.unwrap()
}

/// What the bytes are taken for; whatever it is, the connection gives all of them again.
async fn check(bytes: &[u8], expected: Preface) {
    let (preface, mut connection) = sniffed(bytes).await;
    assert_eq!(preface, expected);
    for chunk in bytes.chunks(5) {
        let mut again = vec![0; chunk.len()];
        connection.read_exact(&mut again).await.unwrap();
        assert_eq!(again, chunk);
    }
    assert_eq!(connection.read(&mut [0; 8]).await.unwrap(), 0);
}

fn unknown(bytes: &[u8]) -> Preface {
    Preface::Unknown(FirstBytes::new(bytes))
}

fn closed(bytes: &[u8]) -> Preface {
    Preface::Closed(FirstBytes::new(bytes))
}

#[tokio::test]
async fn openings() {
    check(HTTP2_PREFACE, Preface::Http2).await;
    check(&[&HTTP2_PREFACE[..], b"and more"].concat(), Preface::Http2).await;
    check(b"", closed(b"")).await;
    check(b"PRI * HTTP/2.0\r\n", closed(b"PRI * HTTP/2.0\r\n")).await;
    check(
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        unknown(b"GET / HTTP/1.1\r\nHost: a\r"),
    )
    .await;
    check(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r",
        unknown(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r"),
    )
    .await;
    check(b"\x16\x03\x01", unknown(b"\x16\x03\x01")).await;
}

#[test]
fn decided_at_the_first_byte_that_can() {
    for len in 0..FIRST_BYTES_MAX {
        let mut bytes = HTTP2_PREFACE[..len].to_vec();
        assert_eq!(decide(&FirstBytes::new(&bytes)), None);
        bytes.push(HTTP2_PREFACE[len] ^ 1);
        assert_eq!(decide(&FirstBytes::new(&bytes)), Some(unknown(&bytes)));
    }
    assert_eq!(
        decide(&FirstBytes::new(HTTP2_PREFACE)),
        Some(Preface::Http2)
    );
}

#[tokio::test]
async fn a_slow_client_is_waited_for_byte_by_byte() {
    let (mut client, accepted) = tokio::io::duplex(1);
    let writing = tokio::spawn(async move {
        client.write_all(HTTP2_PREFACE).await.unwrap();
        client.write_all(b"after").await.unwrap();
    });
    let (preface, mut connection) = sniff(accepted).await.unwrap();
    assert_eq!(preface, Preface::Http2);
    let mut all = Vec::new();
    connection.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, [&HTTP2_PREFACE[..], b"after"].concat());
    writing.await.unwrap();
}

#[tokio::test]
async fn stops_reading_at_the_first_wrong_byte() {
    // The client waits for an answer after three bytes: the server must not wait for a fourth.
    let (mut client, accepted) = tokio::io::duplex(64);
    client.write_all(b"GET").await.unwrap();
    let (preface, _connection) = sniff(accepted).await.unwrap();
    assert_eq!(preface, unknown(b"GET"));
    drop(client);
}

#[test]
fn shown_escaped() {
    let first = FirstBytes::new(b"\x16\x03\"GET\r\n");
    assert_eq!(first.to_string(), r#"\x16\x03\"GET\r\n"#);
    assert_eq!(
        format!("{:?}", Preface::Unknown(first)),
        r#"Unknown(b"\x16\x03\"GET\r\n")"#
    );
    assert_eq!(
        FirstBytes::new(&[b'x'; 100]).as_bytes().len(),
        FIRST_BYTES_MAX
    );
}
