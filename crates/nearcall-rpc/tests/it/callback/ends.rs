//! Callbacks that outlive the call, the connection, or the server.

use std::sync::Arc;

use nearcall::tokio::sync::Notify;
use nearcall::{Code, Reason, tokio};
use nearcall_testkit::probe::{Order, ProbeClient};

use super::{Serving, WIRES, back, giving, mirror, probe};

#[tokio::test]
async fn a_task_calls_back_after_the_call_was_answered() {
    for wire in WIRES {
        let (server, mut given) = giving().await;
        let (mut client, tally) = server.client(wire).await;
        client.unary(Order::default()).await.unwrap();
        let caller = given.recv().await.unwrap();
        assert_eq!(caller.wire(), Some(wire));
        let mut caller = ProbeClient::new(caller);
        for _ in 0..3 {
            let report = caller.unary(Order::default()).await.unwrap().into_inner();
            assert_eq!(report.wire, wire.to_string());
        }
        tally.wait_begun(3).await;
    }
}

#[tokio::test]
async fn a_caller_that_is_gone_is_unavailable() {
    for wire in WIRES {
        let (server, mut given) = giving().await;
        // A process that ends takes its runtime with it.
        let gone = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let builder = server.builder(wire);
        let probe = nearcall_testkit::probe::Probe::default();
        let tally = Arc::clone(&probe.tally);
        gone.spawn(async move {
            let hosting = builder.host(nearcall_testkit::probe::ProbeServer::new(probe));
            let mut client = ProbeClient::new(hosting.connect().await.unwrap());
            client.unary(Order::default()).await.unwrap();
            std::future::pending::<()>().await;
        });
        let mut caller = ProbeClient::new(given.recv().await.unwrap());
        let mut other = caller.clone();
        let slow = Order {
            delay_ms: 60_000,
            count: 1,
            ..Order::default()
        };
        let streaming = slow.clone();
        let waiting = tokio::spawn(async move { caller.unary(slow).await });
        let streaming = tokio::spawn(async move {
            let mut reports = other.download(streaming).await?.into_inner();
            reports.message().await.map(|_| other)
        });
        tally.wait_begun(2).await;
        gone.shutdown_background();
        let status = waiting.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{wire}: {status:?}");
        let status = streaming.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{wire}: {status:?}");
    }
}

#[tokio::test]
async fn what_is_hosted_ends_with_the_channel() {
    for wire in WIRES {
        let (server, mut given) = giving().await;
        let (mut client, _tally) = server.client(wire).await;
        client.unary(Order::default()).await.unwrap();
        let mut caller = ProbeClient::new(given.recv().await.unwrap());
        assert!(caller.unary(Order::default()).await.is_ok(), "{wire}");
        drop(client);
        // The connection goes with the channel, and then nothing is left to wait for.
        let drained = server.begin_to_stop().await.unwrap();
        assert!(drained.cut.is_empty(), "{wire}: {:?}", drained.cut);
        let status = caller.unary(Order::default()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{wire}: {status:?}");
    }
}

#[tokio::test]
async fn a_new_connection_is_hosted_on_as_well() {
    for wire in WIRES {
        let server = Serving::mirror().await;
        let (mut client, tally) = server.client(wire).await;
        assert!(client.unary(Order::default()).await.is_ok(), "{wire}");
        let folder = Arc::clone(&server.folder);
        server.begin_to_stop().await.unwrap();
        let status = client.unary(Order::default()).await.unwrap_err();
        assert_eq!(Reason::of(&status), Some(Reason::ConnectFailed), "{wire}");
        let _back = Serving::start(folder, mirror()).await;
        assert!(client.unary(Order::default()).await.is_ok(), "{wire}");
        tally.wait_begun(2).await;
    }
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_its_handlers_call_back() {
    for wire in WIRES {
        let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (at, on) = (Arc::clone(&arrived), Arc::clone(&go_on));
        let service = probe(move |method, request| {
            let (at, on) = (Arc::clone(&at), Arc::clone(&on));
            Box::pin(async move {
                at.notify_one();
                on.notified().await;
                back(method, request).await
            })
        });
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let server = Serving::start(folder, service).await;
        let socket = server.folder.path().join("probe.sock");
        let (mut client, tally) = server.client(wire).await;
        let call = tokio::spawn(async move { client.unary(Order::default()).await });
        arrived.notified().await;
        let stopping = server.begin_to_stop();
        nearcall_testkit::eventually("the socket is gone", || !socket.exists()).await;
        go_on.notify_one();
        let answer = call.await.unwrap();
        assert!(answer.is_ok(), "{wire}: {answer:?}");
        tally.wait_begun(1).await;
        let drained = stopping.await.unwrap();
        assert!(drained.cut.is_empty(), "{wire}: {:?}", drained.cut);
    }
}
