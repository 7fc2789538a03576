//! Connections that are not what they should be harm nobody else.

use std::time::Duration;

use nearcall::{Connection, Limits, Wire, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::{Order, ProbeClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

nearcall_testkit::wire_suite!(
    a_thousand_silent_connections_are_bounded_and_others_are_served,
    one_connection_too_many_is_closed,
);

/// Whether the server hangs up within a few seconds.
async fn is_hung_up(stream: &mut Connection) -> bool {
    let mut rest = Vec::new();
    // A reset is as good as an end.
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest))
        .await
        .is_ok()
}

#[tokio::test]
async fn bytes_that_are_no_wire_end_the_connection() {
    let server = Running::start().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\0\0\0\0",
        b"PRI * HTTP/2.0\r\n\r\nXX",
        &[0xff; 4_096],
    ] {
        let mut stream = server.dial().await;
        stream.write_all(garbage).await.unwrap();
        assert!(is_hung_up(&mut stream).await, "{garbage:?}");
    }
    assert!(server.client().await.unary(Order::default()).await.is_ok());
}

#[tokio::test]
async fn connections_that_say_nothing_are_timed_out() {
    let mut limits = Limits::default();
    limits.preface_timeout = Duration::from_millis(100);
    let server = Running::start_with(|server| server.limits(limits)).await;
    // Nothing; half a preface; a preface and nothing after it; a preface and half a frame. On either wire.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let cases: [&[u8]; 7] = [
        b"",
        &preface[..10],
        preface,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04",
        b"\x89NC",
        b"\x89NCALL\r\n",
        b"\x89NCALL\r\n\x20\0\0\0\x01",
    ];
    for beginning in cases {
        let mut stream = server.dial().await;
        stream.write_all(beginning).await.unwrap();
        assert!(is_hung_up(&mut stream).await, "{beginning:?}");
    }
    assert!(server.client().await.unary(Order::default()).await.is_ok());
}

async fn a_thousand_silent_connections_are_bounded_and_others_are_served(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    let mut silent = Vec::new();
    for _ in 0..1_000 {
        silent.push(server.dial().await);
    }
    // One that was there before, and one that comes after.
    assert!(client.unary(Order::default()).await.is_ok());
    assert!(server.client().await.unary(Order::default()).await.is_ok());
    // The oldest made room for the newest.
    for stream in &mut silent[..1_000 - nearcall::limits::SILENT_CONNECTIONS_MAX] {
        assert!(is_hung_up(stream).await);
    }
}

async fn one_connection_too_many_is_closed(wire: Wire) {
    let mut limits = Limits::default();
    limits.connections_max = 2;
    let server = Running::start_with(|server| server.limits(limits))
        .await
        .over(wire);
    let mut first = server.client().await;
    let mut second = server.client().await;
    assert!(first.unary(Order::default()).await.is_ok());
    assert!(second.unary(Order::default()).await.is_ok());
    // On the lane, which needs an answer before the first call, connecting fails already.
    let mut third = ProbeClient::new(server.builder().lazy().unwrap());
    assert!(third.unary(Order::default()).await.is_err());
    drop(second);
    assert!(first.unary(Order::default()).await.is_ok());
}
