//! Peers that are gone in the middle of a message: both sides hear of it, over either wire, and others go on.

use nearcall::{Channel, Reason, Status, Wire, tokio, tokio_stream};
use nearcall_testkit::probe::{Order, ProbeClient};
use nearcall_testkit::{PATIENCE, Running};

use crate::front::{Doing, Front, Way};

nearcall_testkit::wire_suite!(
    a_client_that_is_gone_halfway_through_a_message_is_seen_by_the_server,
    a_server_that_is_gone_halfway_through_a_message_is_seen_by_the_client,
);

/// Bytes of a message.
const MESSAGE: usize = 200_000;

/// Where it is cut: within the second message, and past what pipes, sockets and windows hold.
const HALFWAY: usize = 300_000;

fn order(count: u32) -> Order {
    Order {
        payload: vec![7; MESSAGE],
        count,
        ..Order::default()
    }
}

/// A client by way of a go-between that cuts its first connection.
async fn cut(server: &Running, way: Way, wire: Wire) -> (Front, ProbeClient<Channel>) {
    let front = Front::before(server.address(), move |number| match number {
        0 => Doing::Cut(way, HALFWAY),
        _ => Doing::Pass,
    })
    .await;
    let channel = Channel::builder(front.address()).wire(wire);
    let channel = channel.connect().await.expect("the way is open");
    (front, ProbeClient::new(channel))
}

fn check_lost(status: &Status) {
    assert_eq!(
        Reason::of(status),
        Some(Reason::ConnectionLost),
        "{status:?}"
    );
}

async fn a_client_that_is_gone_halfway_through_a_message_is_seen_by_the_server(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut other = server.client().await;
    let (front, mut client) = cut(&server, Way::ToServer, wire).await;
    let orders = tokio_stream::iter(vec![order(1); 3]);
    let upload = tokio::time::timeout(PATIENCE, client.upload(orders)).await;
    check_lost(&upload.expect("the end is heard").unwrap_err());
    assert!(front.has_cut());
    // The handler had one message and half of another.
    server.tally.wait_begun(1).await;
    server.tally.wait_dropped(1).await;
    other.unary(order(1)).await.expect("another's call");
    client.unary(order(1)).await.expect("a new connection");
}

async fn a_server_that_is_gone_halfway_through_a_message_is_seen_by_the_client(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut other = server.client().await;
    let (front, mut client) = cut(&server, Way::ToClient, wire).await;
    let mut reports = client.download(order(1_000)).await.unwrap().into_inner();
    let mut whole = 0;
    let status = loop {
        let report = tokio::time::timeout(PATIENCE, reports.message()).await;
        match report.expect("the end is heard") {
            Ok(report) => {
                let report = report.expect("the stream has no end of its own");
                assert_eq!(report.payload.len(), MESSAGE);
                whole += 1;
            }
            Err(status) => break status,
        }
    };
    check_lost(&status);
    assert!(front.has_cut());
    assert_eq!(whole, 1, "half a message is none");
    server.tally.wait_dropped(1).await;
    other.unary(order(1)).await.expect("another's call");
    client.unary(order(1)).await.expect("a new connection");
}
