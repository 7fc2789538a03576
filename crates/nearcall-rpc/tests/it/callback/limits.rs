//! What is not hosted, and how much at once.

use std::sync::Arc;
use std::time::Duration;

use nearcall::raw::{self, CallOptions, MethodPath};
use nearcall::tokio_stream::StreamExt;
use nearcall::{Code, Limits, Reason, Wire, tokio, tokio_stream};
use nearcall_testkit::probe::{Order, Probe, ProbeClient, ProbeServer};
use prost::bytes::Bytes;

use super::{Serving, WIRES, mirror};

#[tokio::test]
async fn a_client_that_hosts_nothing_says_so() {
    for wire in WIRES {
        let server = Serving::mirror().await;
        let channel = server.builder(wire).connect().await.unwrap();
        let status = ProbeClient::new(channel)
            .unary(Order::default())
            .await
            .unwrap_err();
        let expected = match wire {
            Wire::Lane => (Code::Unimplemented, "hosts no service"),
            _ => (Code::FailedPrecondition, "no way back"),
        };
        assert_eq!(status.code(), expected.0, "{wire}: {status:?}");
        assert!(status.message().contains(expected.1), "{wire}: {status:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_not_hosted_is_unimplemented() {
    for wire in WIRES {
        let server = Serving::mirror().await;
        let other = raw::RawService::new("testing.v1.Other").unwrap();
        let hosting = server.builder(wire).host_raw(other);
        let mut client = ProbeClient::new(hosting.connect().await.unwrap());
        let status = client.unary(Order::default()).await.unwrap_err();
        let reason = Reason::of(&status);
        assert_eq!(reason, Some(Reason::UnknownService), "{wire}: {status:?}");
        let says = status.message();
        assert!(says.contains("testing.v1.Other"), "{wire}: {says}");
    }
}

#[tokio::test]
async fn the_client_bounds_what_it_carries_out_at_once() {
    for wire in WIRES {
        let server = Serving::mirror().await;
        let probe = Probe::default();
        let tally = Arc::clone(&probe.tally);
        let mut limits = Limits::default();
        limits.calls_max = 1;
        let hosting = server.builder(wire).host(ProbeServer::new(probe));
        let channel = hosting.hosting_limits(limits).connect().await.unwrap();
        let mut client = ProbeClient::new(channel);
        let mut first = client.clone();
        let slow = Order {
            delay_ms: 60_000,
            ..Order::default()
        };
        let first = tokio::spawn(async move { first.unary(slow).await });
        tally.wait_begun(1).await;
        let status = client.unary(Order::default()).await.unwrap_err();
        let reason = Reason::of(&status);
        assert_eq!(reason, Some(Reason::TooManyCalls), "{wire}: {status:?}");
        first.abort();
        tally.wait_dropped(1).await;
        // Its place is given back.
        assert!(client.unary(Order::default()).await.is_ok(), "{wire}");
    }
}

#[tokio::test]
async fn more_calls_than_may_be_open_at_once_wait_for_each_other() {
    let most = nearcall::limits::CALLBACKS_MAX as usize;
    for wire in WIRES {
        let server = Serving::mirror().await;
        let (client, tally) = server.client(wire).await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..most + 44 {
            let mut client = client.clone();
            let order = Order {
                delay_ms: 50,
                ..Order::default()
            };
            calls.spawn(async move { client.unary(order).await.unwrap() });
        }
        assert_eq!(calls.join_all().await.len(), most + 44, "{wire}");
        tally.wait_begun(most + 44).await;
    }
}

#[tokio::test]
async fn a_stream_that_is_not_read_holds_up_no_other_call() {
    for wire in WIRES {
        let server = Serving::mirror().await;
        let (mut client, tally) = server.client(wire).await;
        let mut stuck = client.clone();
        let order = |delay_ms| Order {
            delay_ms,
            payload: vec![7; 60_000],
            ..Order::default()
        };
        // The hosted handler waits at the first message, while many others follow.
        let orders = tokio_stream::iter([order(60_000)]).chain(tokio_stream::iter(
            std::iter::repeat_with(move || order(0)).take(1_000),
        ));
        let stuck = tokio::spawn(async move { stuck.upload(orders).await });
        tally.wait_begun(1).await;
        for _ in 0..50 {
            assert!(client.unary(Order::default()).await.is_ok(), "{wire}");
        }
        assert!(!stuck.is_finished(), "{wire}");
        stuck.abort();
        tally.wait_dropped(1).await;
    }
}

#[tokio::test]
async fn a_client_may_wait_as_long_as_it_likes_for_its_first_call() {
    let mut limits = Limits::default();
    limits.stream_idle = Some(Duration::from_millis(50));
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = Serving::start_with(folder, mirror(), limits).await;
    let hosting = server.builder(Wire::Grpc);
    let hosting = hosting.host(ProbeServer::new(Probe::default()));
    let channel = hosting.connect().await.unwrap();
    // Another stream, on which nothing travels, is ended.
    let path = MethodPath::new("grpc.health.v1.Health", "Watch").unwrap();
    let watch = nearcall::Request::new(tokio_stream::once(Bytes::new()));
    let watch = raw::call(channel.clone(), &path, watch, CallOptions::default()).await;
    let ended = watch.unwrap().into_inner().trailers().await.unwrap_err();
    assert_eq!(Reason::of(&ended), Some(Reason::StreamIdle), "{ended:?}");
    let mut client = ProbeClient::new(channel);
    assert!(client.unary(Order::default()).await.is_ok());
}

#[tokio::test]
async fn a_bridge_hands_on_no_way_back() {
    let server = Serving::start(Arc::new(tempfile::tempdir().unwrap()), mirror()).await;
    let behind = server.builder(Wire::Grpc).connect().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = nearcall::proxy::Token::random().unwrap();
    let proxy = nearcall::proxy::Proxy::new(behind, token.clone());
    let address = nearcall_testkit::address_in(folder.path());
    let bridge = nearcall::Server::new(address.clone()).proxy(proxy);
    let bound = bridge.without_signals().bind().await.unwrap();
    let bridging = tokio::spawn(bound.serve());
    let channel = nearcall::Channel::builder(address).wire(Wire::Grpc);
    let channel = channel.connect().await.unwrap();
    let mut client = nearcall::proto::callback::v1::callbacks_client::CallbacksClient::new(channel);
    let mut request = nearcall::Request::new(tokio_stream::pending());
    let bearer = format!("Bearer {}", token.reveal()).parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let status = client.host(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
    bridging.abort();
}
