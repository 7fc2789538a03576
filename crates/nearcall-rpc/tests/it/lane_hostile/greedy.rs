//! Clients that break no rule and mean no good.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nearcall::{Code, Limits, Wire, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;
use prost::Message as _;

use super::others_go_on;
use crate::lane_peer::{END, LanePeer, MESSAGE, PING, PONG, call, frame, hello};

/// The most credit there may be.
const ALL_CREDIT: (u32, u32) = (i32::MAX as u32, i32::MAX as u32);

fn download(bytes: usize, count: u32) -> Vec<u8> {
    let order = Order {
        payload: vec![7; bytes],
        count,
        ..Order::default()
    };
    order.encode_to_vec()
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

#[tokio::test]
async fn one_that_stops_reading_costs_a_bounded_amount() {
    const STREAMS: usize = 8;
    let server = Running::start().await.over(Wire::Lane);
    let mut peer = LanePeer::greeted_with(&server.address(), &hello((1, 1), ALL_CREDIT)).await;
    // A thousand answers of 64 KiB on each, for which there is credit enough.
    let order = download(65_000, 1_000);
    for number in 0..STREAMS {
        let stream = u64::try_from(number * 2 + 1).unwrap();
        // Longer than a frame takes: the order itself is small.
        peer.send(&call(stream, "Download", None, Some(&order), true))
            .await;
    }
    server.tally.wait_begun(STREAMS).await;
    others_go_on(&server).await;
    // What a stream has made and not sent is a batch; beside that, what the socket and the output hold.
    let made = server.tally.reports.load(Ordering::SeqCst) - super::OTHERS;
    assert!(
        made <= STREAMS * 4 + 32,
        "{made} reports of 64 KiB were made"
    );
    drop(peer);
    server.tally.wait_dropped(STREAMS).await;
    others_go_on(&server).await;
}

#[tokio::test]
async fn one_that_grants_no_credit_has_its_call_ended_at_the_deadline() {
    let server = Running::start().await.over(Wire::Lane);
    let mut peer = LanePeer::greeted_with(&server.address(), &hello((1, 1), (1, 1))).await;
    let nanos = u64::try_from(Duration::from_millis(200).as_nanos()).unwrap();
    let order = download(100, 1_000);
    peer.send(&call(1, "Download", Some(nanos), Some(&order), true))
        .await;
    let message = peer.frame_of(MESSAGE).await;
    assert_eq!(message.stream, 1);
    // One message could begin; the next thing that comes is the end, which needs no credit.
    let end = peer.frame().await.expect("an end");
    assert_eq!(end.code(), Code::DeadlineExceeded as u16, "{end:?}");
    server.tally.wait_dropped(1).await;
    others_go_on(&server).await;
}

#[tokio::test]
async fn one_that_grants_no_credit_has_its_call_ended_when_it_is_idle() {
    let limits = limits(|limits| limits.stream_idle = Some(Duration::from_millis(200)));
    let server = Running::start_with(|server| server.limits(limits))
        .await
        .over(Wire::Lane);
    let mut peer = LanePeer::greeted_with(&server.address(), &hello((1, 1), (1, 1))).await;
    let order = download(100, 1_000);
    peer.send(&call(1, "Download", None, Some(&order), true))
        .await;
    let end = peer.frame_of(END).await;
    assert_eq!(end.code(), Code::Unavailable as u16, "{end:?}");
    server.tally.wait_dropped(1).await;
    others_go_on(&server).await;
}

#[tokio::test]
async fn one_that_stops_reading_has_its_calls_ended_at_the_deadline() {
    let server = Running::start().await.over(Wire::Lane);
    let mut peer = LanePeer::greeted_with(&server.address(), &hello((1, 1), ALL_CREDIT)).await;
    let nanos = u64::try_from(Duration::from_millis(200).as_nanos()).unwrap();
    let order = download(65_000, 1_000);
    for stream in [1, 3] {
        peer.send(&call(stream, "Download", Some(nanos), Some(&order), true))
            .await;
    }
    server.tally.wait_dropped(2).await;
    others_go_on(&server).await;
}

#[tokio::test]
async fn one_that_opens_streams_and_says_nothing_has_them_ended_when_they_are_idle() {
    const STREAMS: u64 = 1_024;
    let limits = limits(|limits| {
        limits.stream_idle = Some(Duration::from_millis(500));
        limits.streams_max = 2_048;
    });
    let server = Running::start_with(|server| server.limits(limits))
        .await
        .over(Wire::Lane);
    let mut peer = LanePeer::greeted(&server.address()).await;
    for number in 0..STREAMS {
        peer.send(&call(number * 2 + 1, "Upload", None, None, false))
            .await;
    }
    others_go_on(&server).await;
    for _ in 0..STREAMS {
        let end = peer.frame_of(END).await;
        assert_eq!(end.code(), Code::Unavailable as u16, "{end:?}");
    }
    server
        .tally
        .wait_dropped(usize::try_from(STREAMS).unwrap())
        .await;
    // It never closed its own half of any, and so has no room for one more.
    peer.send(&call(STREAMS * 2 + 1, "Upload", None, None, false))
        .await;
    let (code, text) = peer.parting().await.expect("a word of parting");
    assert_eq!(code, 14, "{text}");
    others_go_on(&server).await;
}

#[tokio::test]
async fn one_that_opens_and_cancels_without_end_leaves_nothing_behind() {
    const CALLS: usize = 20_000;
    let server = Running::start().await.over(Wire::Lane);
    let mut peer = LanePeer::greeted(&server.address()).await;
    // Each with a message that its handler is busy with, and one that nobody reads; together many times the window.
    let busy = Order {
        delay_ms: 60_000,
        ..Order::default()
    };
    let (busy, unread) = (busy.encode_to_vec(), download(4_000, 0));
    for number in 0..CALLS {
        let stream = u64::try_from(number * 2 + 1).unwrap();
        let mut bytes = call(stream, "Upload", None, Some(&busy), false);
        bytes.extend(frame(MESSAGE, 0, stream, &unread));
        bytes.extend(frame(7, 0, stream, b""));
        peer.send(&bytes).await;
        let end = peer.frame_of(END).await;
        assert_eq!((end.stream, end.code()), (stream, 1));
    }
    // Had anything been kept, the connection would have no credit or no room any more.
    let last = u64::try_from(CALLS * 2 + 1).unwrap();
    peer.send(&call(last, "Unary", None, Some(b""), true)).await;
    assert_eq!(peer.frame_of(END).await.code(), 0);
    let tally = &server.tally;
    nearcall_testkit::eventually("no handler is left", || {
        let begun = tally.begun.load(Ordering::SeqCst);
        begun - 1 == tally.dropped.load(Ordering::SeqCst)
    })
    .await;
    others_go_on(&server).await;
}

#[tokio::test]
async fn pings_without_end_are_answered_once_they_are_read() {
    const PINGS: u64 = 100_000;
    let server = Running::start().await.over(Wire::Lane);
    let mut peer = LanePeer::greeted(&server.address()).await;
    // Not one answer is read meanwhile, and yet the server takes them all.
    let mut pings = Vec::new();
    for number in 1..=PINGS {
        pings.extend(frame(PING, 0, 0, &number.to_le_bytes()));
    }
    for chunk in pings.chunks(64 << 10) {
        peer.send(chunk).await;
    }
    others_go_on(&server).await;
    let mut answers = 0;
    loop {
        let pong = peer.frame_of(PONG).await;
        answers += 1;
        if pong.body == PINGS.to_le_bytes() {
            break;
        }
    }
    assert!(
        answers < PINGS,
        "the answers that nobody read were not kept"
    );
    peer.send(&call(1, "Unary", None, Some(b""), true)).await;
    assert_eq!(peer.frame_of(END).await.code(), 0);
}

#[tokio::test]
async fn one_byte_at_a_time_is_as_good_as_all_at_once() {
    let server = Running::start().await.over(Wire::Lane);
    let mut peer = LanePeer::greeted(&server.address()).await;
    let order = Order {
        payload: b"slowly".to_vec(),
        ..Order::default()
    };
    for byte in call(1, "Unary", None, Some(&order.encode_to_vec()), true) {
        peer.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    let end = peer.frame_of(END).await;
    assert_eq!(end.code(), 0);
    assert!(end.body.windows(6).any(|bytes| bytes == b"slowly"));
}
