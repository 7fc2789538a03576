//! Messages at, under and over the limits.

use nearcall::{Code, tokio, tokio_stream};
use nearcall_testkit::probe::Order;
use prost::Message as _;

use super::transcript::{Told, order, same};

/// What generated servers and clients take in one message, unless they are told otherwise.
const MESSAGE_MAX: usize = 4 << 20;

/// An order that is encoded in exactly so many bytes.
fn of_size(bytes: usize) -> Order {
    let mut order = order(&vec![7; bytes]);
    let more = order.encoded_len() - bytes;
    order.payload.truncate(bytes - more);
    assert_eq!(order.encoded_len(), bytes);
    order
}

#[tokio::test]
async fn what_the_server_takes() {
    for (size, fits) in [
        (MESSAGE_MAX - 1, true),
        (MESSAGE_MAX, true),
        (MESSAGE_MAX + 1, false),
        (MESSAGE_MAX * 3, false),
    ] {
        let order = of_size(size);
        let told = same(async |side| {
            let client = side.client().max_decoding_message_size(usize::MAX);
            let told = side.one(client.clone().unary(order.clone()).await);
            // The connection goes on.
            assert!(client.clone().unary(Order::default()).await.is_ok());
            told
        })
        .await;
        let code = told[0].code();
        assert_eq!(code, (!fits).then_some(Code::OutOfRange), "{size}");
    }
}

#[tokio::test]
async fn what_the_client_takes() {
    // A report has a little more in it than the order.
    let answer = same(async |side| {
        let answer = side.client().unary(of_size(2_000)).await.unwrap();
        let mut report = answer.into_inner();
        // The wire's name is as long on both.
        assert_eq!(report.wire.len(), 4);
        report.wire.clear();
        report.entries.clear();
        report.remaining_ms = None;
        report.encoded_len()
    })
    .await;
    assert!(answer > 2_000);
    for (max, fits) in [(1 << 20, true), (2_000, false)] {
        let told = same(async |side| {
            let client = side.client().max_decoding_message_size(max);
            let told = side.one(client.clone().unary(of_size(2_000)).await);
            assert!(client.clone().unary(Order::default()).await.is_ok());
            told.last().and_then(Told::code)
        })
        .await;
        assert_eq!(told, (!fits).then_some(Code::OutOfRange), "{max}");
    }
}

#[tokio::test]
async fn one_of_many_that_go_up() {
    let told = same(async |side| {
        let orders = [order(b"fits"), of_size(MESSAGE_MAX + 1), order(b"fits")];
        let answer = side.client().upload(tokio_stream::iter(orders)).await;
        let told = side.one(answer);
        side.server.tally.wait_dropped(1).await;
        (told, side.handlers())
    })
    .await;
    assert_eq!(told.0[0].code(), Some(Code::OutOfRange), "{told:?}");
    assert_eq!(told.1, (1, 1));
}

#[tokio::test]
async fn one_of_many_that_come_back() {
    let told = same(async |side| {
        let mut client = side.client().max_decoding_message_size(10_000);
        let orders = [order(b"fits"), order(&[7; 10_000]), order(b"fits")];
        let answer = client.chat(tokio_stream::iter(orders)).await;
        // The failure names a length, and a report has less metadata in it over the lane.
        let codes = side.many(answer).await.into_iter().map(|told| told.code());
        codes.collect::<Vec<_>>()
    })
    .await;
    assert_eq!(told, [None, None, Some(Code::OutOfRange)]);
}

#[tokio::test]
async fn long_messages_each_way_at_once() {
    // Each is longer than a stream's window on either wire.
    let told = same(async |side| {
        let orders = vec![order(&vec![9; 3 << 20]); 4];
        let answer = side.client().chat(tokio_stream::iter(orders)).await;
        side.many(answer).await
    })
    .await;
    assert_eq!(told.len(), 6);
}

#[tokio::test]
async fn more_than_every_window_on_one_connection_in_answers_that_nobody_reads() {
    // Unread messages of calls that are over must not count against those that follow.
    let told = same(async |side| {
        let mut read = 0;
        for _ in 0..24 {
            let orders = vec![order(&vec![9; 1 << 20]); 2];
            let answer = side.client().chat(tokio_stream::iter(orders)).await;
            let mut reports = answer.unwrap().into_inner();
            read += usize::from(reports.message().await.unwrap().is_some());
        }
        let answer = side.client().unary(order(b"after")).await;
        (read, side.one(answer))
    })
    .await;
    assert_eq!(told.0, 24);
    assert!(matches!(told.1.last(), Some(Told::Report(_))), "{told:?}");
}

#[tokio::test]
async fn more_than_every_window_on_one_connection_in_messages_that_no_handler_reads() {
    let failing = Order {
        code: 3,
        delay_ms: 20,
        ..Order::default()
    };
    let told = same(async |side| {
        let mut codes = Vec::new();
        for _ in 0..48 {
            // The first makes the handler fail; the others are there for nobody.
            let mut orders = vec![failing.clone()];
            orders.extend(vec![order(&vec![9; 1 << 20]); 2]);
            let answer = side.client().upload(tokio_stream::iter(orders)).await;
            codes.push(side.one(answer)[0].code());
        }
        let answer = side.client().unary(order(b"after")).await;
        (codes, side.one(answer))
    })
    .await;
    assert_eq!(told.0, vec![Some(Code::InvalidArgument); 48]);
    assert!(matches!(told.1.last(), Some(Told::Report(_))), "{told:?}");
}
