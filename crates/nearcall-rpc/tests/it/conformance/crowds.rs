//! Many calls at once on one connection.

use std::sync::atomic::Ordering;

use nearcall::tokio::sync::mpsc;
use nearcall::tokio::task::JoinSet;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Limits, Server, tokio, tokio_stream};
use nearcall_testkit::probe::Order;

use super::transcript::{order, same_with};

/// As many calls as one connection has open at once, on either wire.
const OPEN_MAX: usize = 1_024;

fn room(server: Server) -> Server {
    let mut limits = Limits::default();
    limits.calls_max = OPEN_MAX * 2;
    limits.streams_max = OPEN_MAX * 2;
    server.limits(limits)
}

#[tokio::test]
async fn a_thousand_conversations_go_on_at_once() {
    let told = same_with(room, async |side| {
        let mut chats = Vec::new();
        for _ in 0..1_000 {
            let (sender, orders) = mpsc::channel(1);
            let answer = side.client().chat(ReceiverStream::new(orders)).await;
            chats.push((sender, answer.unwrap().into_inner()));
        }
        let mut told = Vec::new();
        for round in 1..=3 {
            // All questions are on their way before the first answer is read.
            for (number, (sender, _)) in chats.iter().enumerate() {
                let payload = format!("{round} of {number}");
                sender.send(order(payload.as_bytes())).await.unwrap();
            }
            for (_, reports) in &mut chats {
                let report = reports.message().await.unwrap().unwrap();
                told.push((report.orders, String::from_utf8(report.payload).unwrap()));
            }
        }
        for (sender, mut reports) in chats {
            drop(sender);
            assert_eq!(reports.message().await.unwrap(), None);
        }
        told
    })
    .await;
    assert_eq!(told.len(), 3_000);
    assert_eq!(told[2_999], (3, "3 of 999".to_owned()));
}

#[tokio::test]
async fn more_calls_than_a_connection_has_open_wait_and_none_fails() {
    let told = same_with(room, async |side| {
        let mut calls = JoinSet::new();
        for number in 0..OPEN_MAX * 2 - 48 {
            let mut client = side.client();
            let order = Order {
                label: number.to_string(),
                delay_ms: 20,
                ..order(&number.to_le_bytes())
            };
            calls.spawn(async move {
                let report = client.unary(order.clone()).await?.into_inner();
                assert_eq!(report.payload, order.payload);
                Ok::<_, nearcall::Status>(())
            });
        }
        let mut failed = Vec::new();
        while let Some(call) = calls.join_next().await {
            if let Err(status) = call.unwrap() {
                failed.push(side.failed(&status));
            }
        }
        let runs = side.server.tally.runs();
        assert!(runs.values().all(|runs| *runs == 1), "{runs:?}");
        (failed, runs.len())
    })
    .await;
    assert_eq!(told, (vec![], OPEN_MAX * 2 - 48));
}

#[tokio::test]
async fn one_call_more_than_a_connection_has_open_waits_for_one_to_end() {
    let told = same_with(room, async |side| {
        let mut chats = Vec::new();
        for _ in 0..OPEN_MAX {
            let answer = side.client().chat(tokio_stream::pending()).await;
            chats.push(answer.unwrap());
        }
        let mut client = side.client();
        let waiting = tokio::spawn(async move { client.unary(order(b"waits")).await });
        // Another connection has room, and is answered after the call above was made.
        let mut other = side.server.client().await;
        other.unary(order(b"other")).await.unwrap();
        let begun = side.server.tally.begun.load(Ordering::SeqCst);
        assert!(!waiting.is_finished());
        drop(chats.pop());
        let answer = side.one(waiting.await.unwrap());
        (begun, answer)
    })
    .await;
    assert_eq!(told.0, OPEN_MAX + 1, "the one on the other connection");
    assert_eq!(told.1.len(), 2, "{:?}", told.1);
}
