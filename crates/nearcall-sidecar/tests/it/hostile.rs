//! What strangers do at the broker's socket, and readers at theirs.

use nearcall_frames::Policy;
use nearcall_sidecar::limits::CLAIMS_MAX;
use nearcall_sidecar::{Options, Tier};
use nearcall_sys::packet;

use super::served::{Served, frame};
use super::tickets::answer;

#[tokio::test]
async fn garbage_at_the_broker_is_hung_up_on() {
    let mut served = Served::start().await;
    let mut stream = served.open(Tier::Broker, Options::default()).await;
    let garbage: [&[u8]; 5] = [b"x", &[0; 31], &[0; 32], &[0xff; 33], &[7; 1_000]];
    for bytes in garbage {
        let socket = packet::connect(&served.broker()).unwrap();
        socket.send(bytes, &[]).unwrap();
        assert_eq!(answer(socket).await, None, "{} bytes", bytes.len());
    }
    served.publish();
    assert_eq!(frame(&mut stream).await.seq(), 1);
}

#[tokio::test]
async fn silent_strangers_take_no_place_from_readers_for_long() {
    let mut served = Served::start().await;
    let first = served.open(Tier::Broker, Options::default()).await;
    let mut silent = Vec::new();
    // More than may be silent at once; the backlog is longer than that.
    for _ in 0..CLAIMS_MAX + 8 {
        silent.push(packet::connect(&served.broker()).unwrap());
    }
    // Who finds no place gets frames another way, at once.
    let mut all = nearcall_sidecar::open(&served.channel().await, super::served::NAME)
        .await
        .unwrap();
    served.publish();
    assert_eq!(frame(&mut all).await.seq(), 1);
    drop(silent);
    drop(first);
    let mut after = served.open(Tier::Broker, Options::default()).await;
    assert_eq!(frame(&mut after).await.seq(), 1);
}

#[tokio::test]
async fn a_reader_that_floods_its_socket_delays_nobody() {
    let mut served = Served::start().await;
    let policy = Policy::DropOldest { depth: 3 };
    let options = || Options {
        policy,
        ..Options::default()
    };
    let mut quiet = served.open(Tier::Broker, options()).await;
    let flooder = super::stream::claimed(&served).await;
    for seq in 1..=40 {
        // As many as the socket takes.
        while flooder.send(&[9; 512], &[]).is_ok() {}
        served.publish();
        assert_eq!(frame(&mut quiet).await.seq(), seq);
    }
    served.wait_for_readers(2).await;
    drop(flooder);
    served.wait_for_readers(1).await;
}
