//! Calls with bytes, and questions about a server, over a real connection.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nearcall::inspect::{Health, InspectError, Inspector};
use nearcall::raw::{self, CallOptions, Direction, MethodPath, OverLimit};
use nearcall::tokio::sync::mpsc;
use nearcall::tokio_stream::wrappers::ReceiverStream;
use nearcall::{Code, Request, Wire, tokio, tokio_stream};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;
use prost::Message as _;
use prost::bytes::Bytes;

nearcall_testkit::wire_suite!(
    a_message_too_long_to_send_is_told_as_such_and_never_arrives_whole,
    dropping_either_end_cancels_the_call,
    the_deadline_covers_the_whole_answer,
    a_server_says_what_it_is,
);

const OPTIONS: CallOptions = CallOptions {
    deadline: None,
    message_max: raw::MESSAGE_MAX,
};

fn path(method: &str) -> MethodPath {
    MethodPath::new("testing.v1.Probe", method).expect("both are names")
}

fn order(change: impl FnOnce(&mut Order)) -> Bytes {
    let mut order = Order::default();
    change(&mut order);
    order.encode_to_vec().into()
}

async fn a_message_too_long_to_send_is_told_as_such_and_never_arrives_whole(wire: Wire) {
    let server = Running::start().await.over(wire);
    let channel = server.channel().await;
    let long = order(|order| order.payload = vec![0; 64]);
    let found = long.len();
    let options = OPTIONS.message_max(16);
    let status = raw::unary(
        channel.clone(),
        &path("Unary"),
        Request::new(long.clone()),
        options,
    )
    .await
    .unwrap_err();
    let expected = OverLimit {
        direction: Direction::Sent,
        found,
        limit: 16,
    };
    assert_eq!(OverLimit::of(&status), Some(expected), "{status:?}");

    // In the middle of a stream the server must not take what came before for all there is.
    let (sender, messages) = mpsc::channel(4);
    let upload = tokio::spawn(async move {
        let requests = Request::new(ReceiverStream::new(messages));
        raw::call(channel, &path("Upload"), requests, options)
            .await
            .map(|_| ())
    });
    sender.send(order(|order| order.count = 1)).await.unwrap();
    server.tally.wait_begun(1).await;
    sender.send(long).await.unwrap();
    drop(sender);
    let status = upload.await.unwrap().unwrap_err();
    assert_eq!(OverLimit::of(&status), Some(expected), "{status:?}");
    server.tally.wait_dropped(1).await;
}

async fn dropping_either_end_cancels_the_call(wire: Wire) {
    let server = Running::start().await.over(wire);
    let channel = server.channel().await;
    let slow = || Request::new(order(|order| order.delay_ms = 60_000));
    let waiting = tokio::spawn({
        let channel = channel.clone();
        async move { raw::unary(channel, &path("Unary"), slow(), OPTIONS).await }
    });
    server.tally.wait_begun(1).await;
    waiting.abort();
    server.tally.wait_dropped(1).await;

    let (sender, messages) = mpsc::channel(1);
    let requests = Request::new(ReceiverStream::new(messages));
    sender.send(order(|_| {})).await.unwrap();
    let chat = path("Chat");
    let mut replies = raw::call(channel, &chat, requests, OPTIONS)
        .await
        .unwrap()
        .into_inner();
    assert!(replies.message().await.unwrap().is_some());
    drop(replies);
    // The caller still holds the sending end: it learns that nobody takes anything any more.
    tokio::time::timeout(Duration::from_secs(5), sender.closed())
        .await
        .expect("the request stream is dropped with the answer");
}

async fn the_deadline_covers_the_whole_answer(wire: Wire) {
    let server = Running::start().await.over(wire);
    let channel = server.channel().await;
    let request = Request::new(tokio_stream::once(order(|order| {
        order.count = 1_000;
        order.delay_ms = 20;
    })));
    let options = OPTIONS.deadline(Duration::from_millis(200));
    let download = path("Download");
    let mut replies = raw::call(channel, &download, request, options)
        .await
        .unwrap()
        .into_inner();
    let mut seen = 0;
    let status = loop {
        match replies.message().await {
            Ok(Some(_)) => seen += 1,
            Ok(None) => panic!("it ended well after {seen}"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!(seen > 0, "the deadline passed in the middle");
    server.tally.wait_dropped(1).await;
}

async fn a_server_says_what_it_is(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut inspector = Inspector::new(server.channel().await);
    let services = inspector.services().await.unwrap();
    assert!(
        services.iter().any(|name| name == "testing.v1.Probe"),
        "{services:?}"
    );
    assert_eq!(inspector.health("").await.unwrap(), Health::Serving);
    let unknown = inspector.health("no.Such").await.unwrap_err();
    assert!(
        matches!(unknown, InspectError::UnknownService { .. }),
        "{unknown}"
    );
    let descriptors = inspector
        .descriptors("testing.v1.Probe.Chat")
        .await
        .unwrap();
    assert_eq!((descriptors.files.len(), descriptors.missing.len()), (1, 0));
    assert_eq!(server.tally.begun.load(Ordering::SeqCst), 0);
}
