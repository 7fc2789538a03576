//! A server that stops with calls in flight.

use std::time::Duration;

use nearcall::tokio::sync::mpsc;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Limits, Reason, tokio, tokio_stream};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;

use super::transcript::{Told, order, same, same_with, slow};

#[tokio::test]
async fn calls_in_flight_are_answered_and_new_ones_are_not_taken() {
    let told = same(async |side| {
        // One of each kind of wait: for a handler, for the next question, for more answers.
        let server = Running::start().await.over(side.wire);
        let client = server.client().await;
        let tally = std::sync::Arc::clone(&server.tally);
        let (mut one, mut two, mut three) = (client.clone(), client.clone(), client.clone());
        let unary = tokio::spawn(async move {
            let order = Order {
                delay_ms: 300,
                ..order(b"unary")
            };
            one.unary(order).await
        });
        let (sender, orders) = mpsc::channel(1);
        let mut chat = two
            .chat(ReceiverStream::new(orders))
            .await
            .unwrap()
            .into_inner();
        let download = Order {
            count: 30,
            delay_ms: 10,
            ..Order::default()
        };
        let download = three.download(download).await;
        tally.wait_begun(3).await;
        let folder = server.folder();
        let ended = server.begin_to_stop();
        // A pipe's name stays as long as one of its connections does; that no new one comes in is said below.
        let is_gone = || cfg!(windows) || !Running::is_there(folder.path());
        nearcall_testkit::eventually("the socket is gone", is_gone).await;

        let mut told = Vec::new();
        sender.send(order(b"chat")).await.unwrap();
        told.push(side.report(chat.message().await.unwrap().unwrap()));
        let refused = client.clone().unary(order(b"late")).await.unwrap_err();
        drop(sender);
        assert_eq!(chat.message().await.unwrap(), None);
        told.extend(side.many(download).await);
        told.extend(side.one(unary.await.unwrap()));
        let cut = ended.await.unwrap().cut;
        (told, Reason::of(&refused), cut)
    })
    .await;
    assert_eq!(told.0.len(), 1 + 32 + 2);
    assert!(told.0.iter().all(|told| told.code().is_none()), "{told:?}");
    assert_eq!(told.1, Some(Reason::ConnectFailed));
    assert_eq!(told.2, []);
}

#[tokio::test]
async fn what_is_cut_off_is_told_so() {
    let mut limits = Limits::default();
    limits.drain_timeout = Duration::from_millis(100);
    let told = same_with(
        |server| server.limits(limits.clone()),
        async |side| {
            let server = Running::start_with(|server| server.limits(limits.clone())).await;
            let server = server.over(side.wire);
            let client = server.client().await;
            let (mut one, mut two) = (client.clone(), client.clone());
            let unary = tokio::spawn(async move { one.unary(slow()).await });
            let upload = tokio::spawn(async move { two.upload(tokio_stream::pending()).await });
            let download = client.clone().download(slow()).await;
            server.tally.wait_begun(3).await;
            let drained = server.stop().await;
            let mut cut: Vec<_> = drained.cut.into_iter().map(|call| call.path).collect();
            cut.sort();
            let mut told = side.one(unary.await.unwrap());
            told.extend(side.one(upload.await.unwrap()));
            told.extend(side.many(download).await);
            (told, cut)
        },
    )
    .await;
    let (told, cut) = told;
    assert_eq!(cut.len(), 3, "{cut:?}");
    let failed = told.iter().filter(|told| told.code().is_some());
    assert_eq!(failed.count(), 3, "{told:?}");
    assert!(matches!(told[2], Told::Head(_)));
}
