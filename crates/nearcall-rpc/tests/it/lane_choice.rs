//! Which wire a channel takes, and what it says where it cannot have the one that it must.

use nearcall::{Channel, Reason, Server, Status, Wire, tokio};
use nearcall_testkit::probe::{Order, Probe, ProbeClient, ProbeServer, Report};
use nearcall_testkit::{Running, eventually, isolated, local_address};
use nearcall_transport::{ListenOptions, Listener};
use tokio::task::JoinSet;
use tower_service::Service as _;

use crate::front::{Doing, Front};
use crate::lane_peer::{LanePeer, OPENING, WINDOWS, call, hello};

async fn call_over(channel: &Channel) -> Result<Report, Status> {
    let answer = ProbeClient::new(channel.clone())
        .unary(Order::default())
        .await?;
    Ok(answer.into_inner())
}

/// The wire of a channel as its server sees it and as it says itself.
async fn wire_of(channel: &Channel) -> String {
    let report = call_over(channel).await.expect("an answer");
    assert_eq!(channel.wire().map(Wire::as_str), Some(&*report.wire));
    report.wire
}

#[test]
fn a_names_entry_says_which() {
    if isolated("lane_choice::a_names_entry_says_which", &[]).is_none() {
        return;
    }
    nearcall::block_on(async {
        for (name, lane, expected) in [("both", true, "lane"), ("one", false, "grpc")] {
            let server = Server::new(name).add_service(ProbeServer::new(Probe::default()));
            let server = if lane { server } else { server.without_lane() };
            tokio::spawn(server.bind().await.unwrap().serve());
            let channel = nearcall::connect(name).await.unwrap();
            assert_eq!(wire_of(&channel).await, expected);
        }
    });
}

#[tokio::test]
async fn a_server_of_which_nothing_is_known_is_offered_the_lane_and_takes_it() {
    let server = Running::start().await;
    let front = Front::before(server.address(), |_| Doing::Pass).await;
    let channel = Channel::connect(front.address()).await.unwrap();
    assert_eq!(wire_of(&channel).await, "lane");
    assert_eq!(front.wires(), ["lane"]);
}

/// A server of hyper and generated code, with nothing of nearcall's around it.
async fn plain_hyper() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let address = local_address(folder.path(), "plain.sock");
    let listener = Listener::bind(&address.parse().unwrap(), &ListenOptions::default()).await;
    let mut listener = listener.unwrap();
    tokio::spawn(async move {
        while let Ok(stream) = listener.accept().await {
            let probe = ProbeServer::new(Probe::default());
            let service = hyper::service::service_fn(move |request| probe.clone().call(request));
            let executor = hyper_util::rt::TokioExecutor::new();
            let io = hyper_util::rt::TokioIo::new(stream);
            let connection = hyper::server::conn::http2::Builder::new(executor);
            tokio::spawn(connection.serve_connection(io, service));
        }
    });
    (folder, address)
}

#[tokio::test]
async fn a_server_that_speaks_grpc_alone_is_called_by_it_and_not_asked_again() {
    let grpc_alone = Running::start_with(Server::without_lane).await;
    let (_folder, plain) = plain_hyper().await;
    // By what it does with an offer: closes it with a log line, answers with SETTINGS, closes at once, says nothing.
    let cases: [(String, fn() -> Doing); 4] = [
        (grpc_alone.address(), || Doing::Pass),
        (plain, || Doing::Pass),
        (grpc_alone.address(), || Doing::Close),
        (grpc_alone.address(), || Doing::Silence),
    ];
    for (case, (address, offered)) in cases.into_iter().enumerate() {
        let front = Front::before(address, move |number| match number {
            0 => offered(),
            _ => Doing::Pass,
        })
        .await;
        let channel = Channel::lazy(front.address()).unwrap();
        // Not one call fails on the way.
        call_over(&channel).await.expect("an answer");
        assert_eq!(channel.wire(), Some(Wire::Grpc), "case {case}");
        assert_eq!(front.wires(), ["lane", "grpc"], "case {case}");
        front.break_all();
        eventually("the connection is gone", || channel.wire().is_none()).await;
        call_over(&channel).await.expect("an answer");
        assert_eq!(front.wires(), ["lane", "grpc", "grpc"], "case {case}");
    }
    // Each call ran once.
    let begun = grpc_alone
        .tally
        .begun
        .load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(begun, 6);
}

#[tokio::test]
async fn a_channel_that_must_have_the_lane_says_who_does_not_speak_it() {
    let server = Running::start_with(Server::without_lane).await;
    let (_folder, plain) = plain_hyper().await;
    for address in [server.address(), plain] {
        let channel = Channel::builder(&address).wire(Wire::Lane);
        let error = channel.connect().await.unwrap_err();
        assert!(
            matches!(error, nearcall::ConnectError::NoLane { .. }),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains(&address) && text.contains("does not speak the lane"),
            "{text}"
        );
    }
}

#[test]
fn the_variable_says_grpc() {
    let name = "lane_choice::the_variable_says_grpc";
    if isolated(name, &[("NEARCALL_WIRE", "grpc")]).is_none() {
        return;
    }
    nearcall::block_on(async {
        let server = Running::start().await;
        let front = Front::before(server.address(), |_| Doing::Pass).await;
        let channel = Channel::connect(front.address()).await.unwrap();
        assert_eq!(wire_of(&channel).await, "grpc");
        assert_eq!(front.wires(), ["grpc"], "nothing was offered");
        // What a channel says of itself comes first.
        let channel = Channel::builder(front.address()).wire(Wire::Lane);
        assert_eq!(wire_of(&channel.connect().await.unwrap()).await, "lane");
    });
}

#[test]
fn the_variable_says_lane() {
    let name = "lane_choice::the_variable_says_lane";
    if isolated(name, &[("NEARCALL_WIRE", "lane")]).is_none() {
        return;
    }
    nearcall::block_on(async {
        let server = Running::start().await;
        let channel = Channel::connect(server.address()).await.unwrap();
        assert_eq!(wire_of(&channel).await, "lane");
        let server = Running::start_with(Server::without_lane).await;
        let error = Channel::connect(server.address()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("NEARCALL_WIRE"), "{text}");
    });
}

#[test]
fn the_variable_says_neither() {
    let name = "lane_choice::the_variable_says_neither";
    if isolated(name, &[("NEARCALL_WIRE", "nonsense")]).is_none() {
        return;
    }
    nearcall::block_on(async {
        let server = Running::start().await;
        let error = Channel::connect(server.address()).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("NEARCALL_WIRE") && text.contains("nonsense"),
            "{text}"
        );
    });
}

#[tokio::test]
async fn a_server_takes_the_highest_version_that_both_speak_or_says_why_not() {
    let server = Running::start().await;
    for versions in [(1, 1), (0, 1), (1, 9), (0, u16::MAX)] {
        let hello = hello(versions, WINDOWS);
        let mut peer = LanePeer::greeted_with(&server.address(), &hello).await;
        peer.send(&call(1, "Unary", None, Some(b""), true)).await;
        let end = peer.frame().await.expect("an answer");
        assert_eq!(end.code(), 0, "{versions:?}");
    }
    for versions in [(2, 9), (0, 0)] {
        let mut peer = LanePeer::greeted_with(&server.address(), &hello(versions, WINDOWS)).await;
        let (code, text) = peer.parting().await.expect("a word of parting");
        let (lowest, highest) = versions;
        assert_eq!(code, 4, "{text}");
        assert!(
            text.contains(&lowest.to_string()) && text.contains(&highest.to_string()),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_client_says_so_as_well_to_the_server_and_to_its_caller() {
    let server = Running::start().await;
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let front = Front::before(server.address(), move |_| {
        let heard = heard.clone();
        Doing::Own(Box::new(move |stream, read| {
            let mut tasks = JoinSet::new();
            tasks.spawn(async move {
                let mut peer = LanePeer::over(stream, read);
                peer.send(OPENING).await;
                peer.send(&hello((7, 9), WINDOWS)).await;
                peer.opening().await;
                let _gone = heard.send(peer.parting().await);
            });
            tasks
        }))
    })
    .await;
    let channel = Channel::lazy(front.address()).unwrap();
    let status = call_over(&channel).await.unwrap_err();
    assert_eq!(
        Reason::of(&status),
        Some(Reason::ProtocolViolated),
        "{status:?}"
    );
    assert!(status.message().contains('7'), "{status:?}");
    let (code, _) = hears.recv().await.unwrap().expect("a word of parting");
    assert_eq!(code, 4);
}
