//! What a channel does while its server is away, and when it is back.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nearcall::{Channel, Code, Reason, Request, WaitForReady, Wire, tokio};
use nearcall_testkit::probe::{Order, ProbeClient};
use nearcall_testkit::{Running, address_in};

nearcall_testkit::wire_suite!(
    calls_fail_at_once_while_the_server_is_away_and_work_when_it_is_back,
    a_call_that_waits_is_answered_once_the_server_is_there,
    only_what_may_be_repeated_is_repeated,
    repeated_calls_stay_within_the_budget,
);

async fn calls_fail_at_once_while_the_server_is_away_and_work_when_it_is_back(wire: Wire) {
    let server = Running::start().await.over(wire);
    let (mut client, folder) = (server.client().await, server.folder());
    assert!(client.unary(Order::default()).await.is_ok());
    server.stop().await;
    let status = client.unary(Order::default()).await.unwrap_err();
    assert_eq!(
        Reason::of(&status),
        Some(Reason::ConnectFailed),
        "{status:?}"
    );
    let _back = Running::start_in(folder, |server| server).await.over(wire);
    assert!(client.unary(Order::default()).await.is_ok());
}

async fn a_call_that_waits_is_answered_once_the_server_is_there(wire: Wire) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let channel = Channel::builder(address_in(folder.path())).wire(wire);
    let channel = channel.lazy().unwrap();
    let mut client = ProbeClient::new(channel);
    let mut request = Request::new(Order::default());
    request.extensions_mut().insert(WaitForReady(true));
    let waiting = tokio::spawn({
        let mut client = client.clone();
        async move { client.unary(request).await }
    });
    assert_eq!(
        client.unary(Order::default()).await.unwrap_err().code(),
        Code::Unavailable
    );
    assert!(!waiting.is_finished());
    let _server = Running::start_in(folder, |server| server).await.over(wire);
    assert!(waiting.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_call_that_waits_ends_with_its_deadline() {
    let mut client =
        ProbeClient::new(Channel::lazy(address_in(Path::new("/nonexistent"))).unwrap());
    let mut request = Request::new(Order::default());
    request.extensions_mut().insert(WaitForReady(true));
    request.set_timeout(Duration::from_millis(100));
    let status = client.unary(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
}

async fn only_what_may_be_repeated_is_repeated(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut client = server.client().await;
    let failing = Order {
        code: Code::Unavailable as i32,
        message: "not now".to_owned(),
        ..Order::default()
    };
    let status = client.unary(failing.clone()).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "not now")
    );
    assert_eq!(server.tally.begun.load(Ordering::SeqCst), 1);
    let status = client.unary_idempotent(failing).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    // Once, and then as often as the limit says.
    assert_eq!(
        server.tally.begun.load(Ordering::SeqCst),
        1 + 1 + nearcall::limits::RETRIES_MAX
    );
}

async fn repeated_calls_stay_within_the_budget(wire: Wire) {
    let server = Running::start().await.over(wire);
    let client = server.client().await;
    let failing = Order {
        code: Code::Unavailable as i32,
        ..Order::default()
    };
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (mut client, failing) = (client.clone(), failing.clone());
        calls.spawn(async move { client.unary_idempotent(failing).await.unwrap_err() });
    }
    calls.join_all().await;
    let begun = server.tally.begun.load(Ordering::SeqCst);
    // 200 calls, a fifth of them again, and the reserve of ten a second over the ten seconds that count.
    assert!(
        (200..=200 + 40 + 100 + 3).contains(&begun),
        "{begun} calls were sent"
    );
}
