//! Peers that are gone in the middle of a message: both sides hear of it, over either wire, and others go on.

use std::time::Duration;

use nearcall::{Channel, Reason, Status, Wire, tokio, tokio_stream};
use nearcall_testkit::probe::{Order, ProbeClient};
use nearcall_testkit::{PATIENCE, Running};

use crate::front::{Doing, Front, Way};

nearcall_testkit::wire_suite!(
    a_client_that_is_gone_halfway_through_a_message_is_seen_by_the_server,
    a_server_that_is_gone_halfway_through_a_message_is_seen_by_the_client,
    a_client_whose_process_is_killed_as_it_sends_is_let_go_of,
);

/// Set for a child that sends messages to an address without end, over the wire that `NEARCALL_WIRE` says.
const SEND_TO: &str = "NEARCALL_TEST_SEND_TO";

/// Far longer than a process takes to start.
const STARTING: Duration = Duration::from_secs(60);

/// Bytes of a message.
const MESSAGE: usize = 200_000;

/// Where it is cut: within the second message, and past what pipes, sockets and windows hold.
const HALFWAY: usize = 300_000;

fn order(count: u32) -> Order {
    Order {
        label: "sent".to_owned(),
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

/// Run as a child by the test below; by itself it does nothing.
#[test]
fn child_sends_without_end() {
    let Ok(address) = std::env::var(SEND_TO) else {
        return;
    };
    nearcall::block_on(async {
        let channel = nearcall::connect(address).await.unwrap();
        let orders = tokio_stream::iter(std::iter::repeat(order(1)));
        let reports = ProbeClient::new(channel).chat(orders).await.unwrap();
        let mut reports = reports.into_inner();
        while reports.message().await.unwrap().is_some() {}
    });
}

async fn a_client_whose_process_is_killed_as_it_sends_is_let_go_of(wire: Wire) {
    let server = Running::start().await.over(wire);
    let mut other = server.client().await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "vanish::child_sends_without_end"])
        .env(SEND_TO, server.address())
        .env("NEARCALL_WIRE", wire.as_str())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let come = async {
        while server.tally.runs().get("sent") < Some(&3) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let come = tokio::time::timeout(STARTING, come).await;
    come.expect("messages come");
    child.kill().unwrap();
    child.wait().unwrap();
    server.tally.wait_dropped(1).await;
    other.unary(order(1)).await.expect("another's call");
    let drained = tokio::time::timeout(PATIENCE, server.stop()).await;
    assert!(drained.expect("no call is left").cut.is_empty());
}
