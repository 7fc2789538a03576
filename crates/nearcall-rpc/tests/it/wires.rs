//! The same calls over every transport there is, on either wire.

use std::time::Duration;

use nearcall::tokio_stream::{self, StreamExt};
use nearcall::{Address, Channel, PeerPolicy, Reason, Request, Server, Status, Wire, child, tokio};
use nearcall_testkit::probe::{Order, Probe, ProbeClient, ProbeServer};
use nearcall_testkit::{local_address, parity_address};

/// One call of each kind, and what the server knows of the caller.
async fn check(channel: Channel, known: bool) {
    let mut client = ProbeClient::new(channel);
    let order = Order {
        payload: vec![7; 100_000],
        count: 3,
        ..Order::default()
    };
    let report = client.unary(order.clone()).await.expect("an answer");
    let report = report.into_inner();
    assert_eq!(report.payload, order.payload);
    assert_eq!(report.peer_pid.is_some(), known, "{:?}", report.peer_pid);
    let reports = client.download(order.clone()).await.expect("a stream");
    assert_eq!(reports.into_inner().collect::<Vec<_>>().await.len(), 3);
    let orders = tokio_stream::iter(vec![order.clone(); 3]);
    let report = client.upload(orders).await.expect("an answer").into_inner();
    assert_eq!(report.payload.len(), 300_000);
    let orders = tokio_stream::iter(vec![order; 3]);
    let reports = client.chat(orders).await.expect("a stream").into_inner();
    assert_eq!(reports.collect::<Vec<_>>().await.len(), 3);
}

async fn serve(address: &str, peers: PeerPolicy) -> Address {
    let server = Server::new(address).add_service(ProbeServer::new(Probe::default()));
    let bound = server.allow(peers).bind().await.expect("the server starts");
    let address = bound.addresses().remove(0);
    tokio::spawn(bound.serve());
    address
}

#[tokio::test]
async fn every_transport_carries_every_kind_of_call() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut cases = vec![
        (local_address(folder.path(), "wires.sock"), true),
        ("memory:wires".to_owned(), true),
        ("http://127.0.0.1:0".to_owned(), false),
        (parity_address(folder.path()), false),
    ];
    // Windows has no abstract sockets.
    if cfg!(unix) {
        let unique = std::process::id();
        cases.push((format!("unix-abstract:nearcall-wires-{unique}"), true));
    }
    for (address, known) in cases {
        let address = serve(&address, PeerPolicy::default().allow_unknown()).await;
        for wire in [Wire::Grpc, Wire::Lane] {
            let channel = Channel::builder(address.to_string()).wire(wire);
            let channel = channel.connect().await;
            check(
                channel.unwrap_or_else(|error| panic!("{address}, {wire}: {error}")),
                known,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_peer_of_whom_nothing_is_known_is_refused_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let address = parity_address(folder.path());
    let address = serve(&address, PeerPolicy::default()).await;
    let mut client = ProbeClient::new(Channel::connect(address.to_string()).await.unwrap());
    let status = client.unary(Order::default()).await.unwrap_err();
    assert_eq!(Reason::of(&status), Some(Reason::PeerRefused), "{status:?}");
    assert!(status.message().contains("unknown"), "{status:?}");
}

#[tokio::test]
async fn a_server_of_whom_nothing_is_known_is_not_called_where_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let address = parity_address(folder.path());
    let address = serve(&address, PeerPolicy::default().allow_unknown()).await;
    let channel = Channel::builder(address.to_string()).allow(PeerPolicy::default());
    let error = channel.connect().await.unwrap_err();
    assert!(
        matches!(error, nearcall::ConnectError::WrongPeer { .. }),
        "{error:?}"
    );
}

/// How long a process may take until it serves.
const STARTING: Duration = Duration::from_secs(30);

/// Set for a child that serves at an address.
const SERVE_AT: &str = "NEARCALL_TEST_SERVE_AT";

/// Run as a child by the test below; by itself it does nothing.
#[test]
fn child_serves_at_an_address() {
    let Ok(address) = std::env::var(SERVE_AT) else {
        return;
    };
    nearcall::block_on(async {
        let server = Server::new(address).add_service(ProbeServer::new(Probe::default()));
        server.serve().await.unwrap();
    });
}

/// A server in a process of its own, killed when it is dropped.
struct Process(std::process::Child);

impl Process {
    fn serving(address: &str) -> Self {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "wires::child_serves_at_an_address"])
            .env(SERVE_AT, address)
            .stdout(std::process::Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn another_process_is_called_and_its_death_is_told_and_recovered_from() {
    for wire in [Wire::Grpc, Wire::Lane] {
        let folder = tempfile::tempdir().unwrap();
        let address = nearcall_testkit::address_in(folder.path());
        let process = Process::serving(&address);
        let channel = Channel::builder(&address).wire(wire).wait_for_ready(true);
        let connecting = tokio::time::timeout(STARTING, channel.connect());
        let channel = connecting.await.expect("the process serves").unwrap();
        check(channel.clone(), true).await;
        let mut client = ProbeClient::new(channel);
        let report = client.unary(Order::default()).await.unwrap().into_inner();
        assert_eq!(report.peer_pid, Some(std::process::id()));
        let slow = Order {
            count: 1_000,
            delay_ms: 50,
            ..Order::default()
        };
        let mut reports = client.download(slow).await.unwrap().into_inner();
        reports.message().await.unwrap().expect("a report");
        drop(process);
        let ended = tokio::time::timeout(STARTING, async {
            while let Some(report) = reports.next().await {
                report?;
            }
            Ok(())
        });
        let status: Status = ended.await.expect("its death is told").unwrap_err();
        assert_eq!(
            Reason::of(&status),
            Some(Reason::ConnectionLost),
            "{status:?}"
        );
        let _again = Process::serving(&address);
        let mut request = Request::new(Order::default());
        request.set_timeout(STARTING);
        client.unary(request).await.unwrap();
    }
}

/// Run as a child by the test below; by itself it does nothing.
#[test]
fn child_serves_what_it_inherits() {
    if std::env::var_os("NEARCALL_INHERIT").is_none() {
        return;
    }
    nearcall::block_on(async {
        let server = Server::new("inherit:").add_service(ProbeServer::new(Probe::default()));
        server.serve().await.unwrap();
    });
}

/// What Wine was not seen to do.
#[cfg(windows)]
const INHERITED: &str = "calls to a child over the handle that it inherits";

#[tokio::test]
async fn a_private_child_is_called_over_the_connection_that_it_inherits() {
    #[cfg(windows)]
    if nearcall_testkit::left_out_by_wine(INHERITED) {
        return;
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "wires::child_serves_what_it_inherits"]);
    let (mut process, connection) = child::spawn(&mut command).unwrap();
    let channel = Channel::over(connection).await.unwrap();
    check(channel.clone(), true).await;
    process.kill().unwrap();
    process.wait().unwrap();
    let status = ProbeClient::new(channel)
        .unary(Order::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), nearcall::Code::Unavailable, "{status:?}");
}
