//! Calls through a proxy on loopback, to a server on a socket.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nearcall::proxy::{Proxy, Token};
use nearcall::raw::{self, CallOptions, MethodPath};
use nearcall::tokio::sync::oneshot;
use nearcall::{Channel, Code, Reason, Request, Server, Status, StatusExt, tokio, tokio_stream};
use nearcall_testkit::probe::{Order, ProbeClient};
use nearcall_testkit::{PATIENCE, Running};
use prost::bytes::Bytes;
use tokio_stream::StreamExt as _;

/// A proxy before a server; it stops when dropped.
struct Bridged {
    address: String,
    token: Token,
    _stop: oneshot::Sender<()>,
}

impl Bridged {
    async fn before(server: &Running) -> Self {
        let token = Token::random().expect("the system has random numbers");
        let (stop, stopped) = oneshot::channel::<()>();
        let bound = Server::new("http://127.0.0.1:0")
            .proxy(Proxy::new(server.channel().await, token.clone()))
            .stop_when(async {
                // A dropped sender is a test that is over.
                let _ = stopped.await;
            })
            .bind()
            .await
            .expect("the proxy starts");
        let address = bound.addresses()[0].to_string();
        tokio::spawn(bound.serve());
        Self {
            address,
            token,
            _stop: stop,
        }
    }

    async fn client(&self) -> ProbeClient<Channel> {
        ProbeClient::new(
            Channel::connect(&self.address)
                .await
                .expect("the proxy can be reached"),
        )
    }

    fn with_token<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value = format!("Bearer {}", self.token.reveal());
        let value = value.parse().expect("hexadecimal is metadata");
        request.metadata_mut().insert("authorization", value);
        request
    }
}

fn order(payload: Vec<u8>) -> Order {
    Order {
        payload,
        ..Order::default()
    }
}

#[tokio::test]
async fn a_call_needs_the_token_and_no_origin() {
    let server = Running::start().await;
    let bridge = Bridged::before(&server).await;
    let mut client = bridge.client().await;
    let missing = client.unary(order(vec![1])).await.unwrap_err();
    assert_eq!(Reason::of(&missing), Some(Reason::TokenRefused));
    assert_eq!(missing.code(), Code::Unauthenticated);
    let mut wrong = Request::new(order(vec![1]));
    let value = "Bearer 00".parse().unwrap();
    wrong.metadata_mut().insert("authorization", value);
    let wrong = client.unary(wrong).await.unwrap_err();
    assert_eq!(Reason::of(&wrong), Some(Reason::TokenRefused));
    let mut page = bridge.with_token(order(vec![1]));
    let value = "http://127.0.0.1".parse().unwrap();
    page.metadata_mut().insert("origin", value);
    let page = client.unary(page).await.unwrap_err();
    assert_eq!(Reason::of(&page), Some(Reason::OriginRefused));
    // None of them got as far as the server.
    assert_eq!(server.tally.begun.load(Ordering::SeqCst), 0);
    let report = client.unary(bridge.with_token(order(vec![1]))).await;
    assert_eq!(report.unwrap().into_inner().payload, [1]);
}

#[tokio::test]
async fn calls_of_every_kind_pass() {
    let server = Running::start().await;
    let bridge = Bridged::before(&server).await;
    let mut client = bridge.client().await;
    let big = vec![7; 3 * 1_024 * 1_024];
    let report = client.unary(bridge.with_token(order(big.clone()))).await;
    assert_eq!(report.unwrap().into_inner().payload, big);

    const COUNT: u32 = 10_000;
    let many = Order {
        count: COUNT,
        ..order(vec![1; 64])
    };
    let download = client.download(bridge.with_token(many)).await.unwrap();
    let reports = download.into_inner().collect::<Vec<_>>().await;
    assert_eq!(reports.len(), COUNT as usize);
    assert!(reports.iter().all(Result::is_ok));

    let parts = (0..64).map(|part| order(vec![part; 32 * 1_024]));
    let upload = bridge.with_token(tokio_stream::iter(parts));
    let report = client.upload(upload).await.unwrap().into_inner();
    assert_eq!(report.orders, 64);

    let (sender, orders) = tokio::sync::mpsc::channel(1);
    let orders = tokio_stream::wrappers::ReceiverStream::new(orders);
    let mut chat = client
        .chat(bridge.with_token(orders))
        .await
        .unwrap()
        .into_inner();
    for part in 0..3 {
        sender.send(order(vec![part])).await.unwrap();
        let report = chat.message().await.unwrap().unwrap();
        assert_eq!(report.payload, [part]);
    }
    drop(sender);
    assert!(chat.message().await.unwrap().is_none());
}

#[tokio::test]
async fn reflection_and_statuses_are_those_of_the_server_behind() {
    let server = Running::start().await;
    let bridge = Bridged::before(&server).await;
    let channel = Channel::connect(&bridge.address).await.unwrap();
    let elsewhere = async |service: &str| -> Status {
        let path = MethodPath::new(service, "Nothing").unwrap();
        let request = bridge.with_token(Bytes::new());
        raw::unary(channel.clone(), &path, request, CallOptions::default())
            .await
            .unwrap_err()
    };
    let status = elsewhere("no.Such").await;
    assert_eq!(Reason::of(&status), Some(Reason::UnknownService));
    let named = status.message().contains("testing.v1.Probe");
    assert!(named, "the services of the server behind: {status}");
    assert!(status.get_details_error_info().is_some());
}

#[tokio::test]
async fn a_deadline_reaches_the_server_behind() {
    let server = Running::start().await;
    let bridge = Bridged::before(&server).await;
    let mut client = bridge.client().await;
    let mut slow = bridge.with_token(Order {
        delay_ms: 60_000,
        ..Order::default()
    });
    slow.set_timeout(Duration::from_millis(300));
    let status = client.unary(slow).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    server.tally.wait_dropped(1).await;
}

#[tokio::test]
async fn a_server_that_goes_away_is_unavailable_and_may_come_back() {
    let server = Running::start_with(|server| {
        let mut limits = nearcall::Limits::default();
        limits.drain_timeout = Duration::from_millis(50);
        server.limits(limits)
    })
    .await;
    let bridge = Bridged::before(&server).await;
    let mut client = bridge.client().await;
    let slow = bridge.with_token(Order {
        count: 1_000,
        delay_ms: 20,
        ..Order::default()
    });
    let mut reports = client.download(slow).await.unwrap().into_inner();
    assert!(reports.message().await.unwrap().is_some());
    let folder = server.folder();
    server.stop().await;
    let ended = tokio::time::timeout(PATIENCE, async {
        loop {
            match reports.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("half a stream ended well"),
                Err(status) => break status,
            }
        }
    });
    let status = ended.await.unwrap();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let nobody = client.unary(bridge.with_token(Order::default())).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unavailable);

    let server = Running::start_in(folder, |server| server).await;
    let report = client.unary(bridge.with_token(order(vec![1]))).await;
    assert_eq!(report.unwrap().into_inner().payload, [1]);
    server.stop().await;
}

#[tokio::test]
async fn dropping_the_answer_cancels_the_call_behind() {
    let server = Running::start().await;
    let bridge = Bridged::before(&server).await;
    let mut client = bridge.client().await;
    let endless = bridge.with_token(Order {
        count: 1_000,
        delay_ms: 20,
        ..Order::default()
    });
    let mut reports = client.download(endless).await.unwrap().into_inner();
    assert!(reports.message().await.unwrap().is_some());
    drop(reports);
    server.tally.wait_dropped(1).await;
}
