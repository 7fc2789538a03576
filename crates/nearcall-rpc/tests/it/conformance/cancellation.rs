//! A caller that gives a call up, in every phase of it; its handler is dropped each time.

use std::time::Duration;

use nearcall::tokio::sync::mpsc;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Code, tokio, tokio_stream};
use nearcall_testkit::probe::Order;

use super::transcript::{Side, order, same, slow};

/// What every case comes to: one handler that began and was dropped, and a connection that goes on.
async fn given_up(side: &Side) -> ((usize, usize), Vec<u8>) {
    side.server.tally.wait_dropped(1).await;
    let handlers = side.handlers();
    let after = side.client().unary(order(b"after")).await.unwrap();
    (handlers, after.into_inner().payload)
}

async fn check(give_up: impl AsyncFn(&Side)) {
    let told = same(async |side| {
        give_up(side).await;
        given_up(side).await
    })
    .await;
    assert_eq!(told, ((1, 1), b"after".to_vec()));
}

#[tokio::test]
async fn before_the_answer_to_one_message() {
    check(async |side| {
        let mut client = side.client();
        let call = tokio::spawn(async move { client.unary(slow()).await });
        side.server.tally.wait_begun(1).await;
        call.abort();
    })
    .await;
}

#[tokio::test]
async fn before_the_head_of_a_stream() {
    check(async |side| {
        let mut client = side.client();
        let call = tokio::spawn(async move { client.upload(tokio_stream::pending()).await });
        side.server.tally.wait_begun(1).await;
        call.abort();
    })
    .await;
}

#[tokio::test]
async fn after_the_head_and_before_a_message() {
    check(async |side| drop(side.client().download(slow()).await.unwrap())).await;
}

#[tokio::test]
async fn in_the_middle_of_the_answers() {
    check(async |side| {
        let order = Order {
            count: 1_000_000,
            ..order(&[7; 1_000])
        };
        let mut reports = side.client().download(order).await.unwrap().into_inner();
        assert!(reports.message().await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn while_it_sends_what_nobody_takes() {
    check(async |side| {
        // The handler is busy with the first message; the others fill the windows, then wait.
        let (sender, orders) = mpsc::channel(1);
        let mut client = side.client();
        let call =
            tokio::spawn(async move { client.upload(ReceiverStream::new(orders)).await.map(drop) });
        sender.send(slow()).await.unwrap();
        side.server.tally.wait_begun(1).await;
        let mut sent = 0;
        while sent < SENT_MAX
            && let Ok(more) = tokio::time::timeout(NO_ROOM, sender.reserve()).await
        {
            more.unwrap().send(order(&[7; 1 << 20]));
            sent += 1;
        }
        assert!(sent < SENT_MAX, "nothing held the sender up");
        call.abort();
        sender.closed().await;
    })
    .await;
}

/// More messages of 1 MiB than either wire lets through before the handler takes one.
const SENT_MAX: usize = 64;

/// How long a sender is held up before it counts as that.
const NO_ROOM: Duration = Duration::from_millis(100);

#[tokio::test]
async fn in_the_middle_of_a_conversation() {
    check(async |side| {
        let (sender, orders) = mpsc::channel(1);
        let answer = side.client().chat(ReceiverStream::new(orders)).await;
        let mut reports = answer.unwrap().into_inner();
        sender.send(order(b"one")).await.unwrap();
        assert!(reports.message().await.unwrap().is_some());
        drop(reports);
        // Whoever holds the sending end learns of it.
        sender.closed().await;
    })
    .await;
}

#[tokio::test]
async fn a_half_upload_is_never_taken_for_a_whole_one() {
    let told = same(async |side| {
        let (sender, orders) = mpsc::channel(1);
        let mut client = side.client();
        let call =
            tokio::spawn(async move { client.upload(ReceiverStream::new(orders)).await.map(drop) });
        let labelled = Order {
            label: "half".to_owned(),
            ..Order::default()
        };
        sender.send(labelled).await.unwrap();
        nearcall_testkit::eventually("the first is there", || {
            side.server.tally.runs().contains_key("half")
        })
        .await;
        call.abort();
        let told = given_up(side).await;
        let reports = side
            .server
            .tally
            .reports
            .load(std::sync::atomic::Ordering::SeqCst);
        (told, reports)
    })
    .await;
    // One report for the order, and one for the call afterwards; none for the whole.
    assert_eq!(told, (((1, 1), b"after".to_vec()), 2));
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_gives_the_call_up() {
    use nearcall::raw::{self, CallOptions, MethodPath};
    use prost::Message as _;

    let told = same(async |side| {
        let path = MethodPath::new("testing.v1.Probe", "Upload").unwrap();
        let (sender, messages) = mpsc::channel(4);
        sender
            .send(order(b"fits").encode_to_vec().into())
            .await
            .unwrap();
        let channel = side.server.channel().await;
        let options = CallOptions::default().message_max(16);
        let upload = tokio::spawn(async move {
            let requests = nearcall::Request::new(ReceiverStream::new(messages));
            raw::call(channel, &path, requests, options).await.map(drop)
        });
        side.server.tally.wait_begun(1).await;
        let long = order(&[0; 64]).encode_to_vec();
        sender.send(long.into()).await.unwrap();
        let status = upload.await.unwrap().unwrap_err();
        side.server.tally.wait_dropped(1).await;
        (side.failed(&status), side.handlers())
    })
    .await;
    assert_eq!(told.0.code(), Some(Code::ResourceExhausted), "{told:?}");
    assert_eq!(told.1, (1, 1));
}
