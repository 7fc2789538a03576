//! Calls of threads that have no runtime, over the lane and over gRPC.

use std::time::{Duration, Instant};

use nearcall::tokio::sync::oneshot;
use nearcall::{Channel, Code, Request, Server, Wire, block_on, blocking, tokio_stream};
use nearcall_testkit::address_in;
use nearcall_testkit::probe::pb::probe_client::blocking::ProbeClient;
use nearcall_testkit::probe::{Order, Probe, ProbeServer};

/// How long anything here may take before it counts as hung.
const LONG: Duration = Duration::from_secs(20);

/// A server in a thread of its own, until it is dropped.
struct Serving {
    address: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Serving {
    fn start(address: &str, settings: impl FnOnce(Server) -> Server) -> Self {
        let (stop, stopped) = oneshot::channel();
        let server = Server::new(address)
            .add_service(ProbeServer::new(Probe::default()))
            .without_signals()
            .stop_when(async { drop(stopped.await) });
        let server = settings(server);
        let (ready, listening) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            block_on(async {
                let bound = server.bind().await.unwrap();
                ready.send(bound.addresses()[0].to_string()).unwrap();
                bound.serve().await.unwrap();
            });
        });
        Self {
            address: listening.recv_timeout(LONG).unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn channel(&self, wire: Wire) -> blocking::Channel {
        let channel = Channel::builder(&self.address).wire(wire);
        channel.connect_blocking().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn order(payload: &[u8]) -> Order {
    Order {
        payload: payload.to_vec(),
        ..Order::default()
    }
}

/// Runs a check over both wires, on a server of its own.
fn check(with: impl Fn(&Serving, Wire)) {
    for wire in [Wire::Lane, Wire::Grpc] {
        let folder = tempfile::tempdir().unwrap();
        let server = Serving::start(&address_in(folder.path()), |server| server);
        with(&server, wire);
    }
}

#[test]
fn every_kind_of_call_waits_for_its_answer() {
    check(|server, wire| {
        let mut client = ProbeClient::new(server.channel(wire));
        for payload in [0, 1, 100_000, 3_000_000] {
            let payload = vec![7; payload];
            let report = client.unary(order(&payload)).unwrap().into_inner();
            assert!(report.payload == payload, "{wire}: {} bytes", payload.len());
            assert_eq!(report.wire, wire.as_str());
            assert_eq!(report.peer_pid, Some(std::process::id()));
        }
        let answers = client.download(Order {
            count: 300,
            ..order(&[1; 5_000])
        });
        let answers: Vec<_> = answers.unwrap().into_inner().map(Result::unwrap).collect();
        assert_eq!(answers.len(), 300, "{wire}");
        let orders = vec![order(&[2; 1_000]); 300];
        let report = client.upload(tokio_stream::iter(orders)).unwrap();
        assert_eq!(report.into_inner().payload.len(), 300_000, "{wire}");
    });
}

#[test]
fn messages_go_both_ways_while_a_call_is_open() {
    check(|server, wire| {
        let channel = server.channel(wire);
        let mut client = ProbeClient::new(channel.clone());
        let (mut orders, messages) = blocking::messages(&channel);
        let mut answers = client.chat(messages).unwrap().into_inner();
        for round in 0..100_u32 {
            orders.send(order(&round.to_be_bytes())).unwrap();
            let answer = answers.message().unwrap().unwrap();
            assert_eq!(answer.payload, round.to_be_bytes(), "{wire}");
        }
        drop(orders);
        assert_eq!(answers.message().unwrap(), None, "{wire}");
    });
}

#[test]
fn a_status_and_a_deadline_end_a_call() {
    check(|server, wire| {
        let mut client = ProbeClient::new(server.channel(wire));
        let failed = client.unary(Order {
            code: Code::NotFound as i32,
            message: "no such thing".to_owned(),
            ..Order::default()
        });
        let status = failed.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::NotFound, "no such thing")
        );
        let mut slow = Request::new(Order {
            delay_ms: 60_000,
            ..Order::default()
        });
        slow.set_timeout(Duration::from_millis(50));
        let status = client.unary(slow).unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{wire}");
        assert!(client.unary(order(b"after")).is_ok(), "{wire}");
    });
}

#[test]
fn a_loop_asks_and_never_waits() {
    check(|server, wire| {
        let mut client = ProbeClient::new(server.channel(wire));
        let mut slow = client.try_unary(Order {
            delay_ms: 100,
            ..order(b"slow")
        });
        assert!(slow.try_take().is_none(), "{wire}: it takes a while");
        let mut quick = client.try_unary(order(b"quick"));
        let start = Instant::now();
        let (mut slow_answer, mut quick_answer) = (None, None);
        while slow_answer.is_none() || quick_answer.is_none() {
            assert!(start.elapsed() < LONG, "{wire}");
            slow_answer = slow_answer.or_else(|| slow.try_take());
            quick_answer = quick_answer.or_else(|| quick.try_take());
            assert!(
                slow_answer.is_none() || quick_answer.is_some(),
                "{wire}: the slow call holds nothing up"
            );
            std::thread::yield_now();
        }
        assert_eq!(slow_answer.unwrap().unwrap().into_inner().payload, b"slow");
        assert!(
            !slow.is_pending() && slow.try_take().is_none(),
            "{wire}: once"
        );

        let mut answers = client
            .download(Order {
                count: 2,
                ..order(b"x")
            })
            .unwrap()
            .into_inner();
        let mut found = Vec::new();
        while start.elapsed() < LONG {
            match answers.try_message() {
                None => std::thread::yield_now(),
                Some(message) => match message.unwrap() {
                    Some(report) => found.push(report.payload),
                    None => break,
                },
            }
        }
        assert_eq!(found, [b"x", b"x"], "{wire}");
        // One that nobody waits for is given up.
        drop(client.try_unary(Order {
            delay_ms: 60_000,
            ..Order::default()
        }));
        assert!(client.unary(order(b"after")).is_ok(), "{wire}");
    });
}

#[test]
fn threads_share_a_connection_and_each_gets_its_own_answer() {
    check(|server, wire| {
        let channel = server.channel(wire);
        std::thread::scope(|scope| {
            for thread in 0..8_u32 {
                let channel = channel.clone();
                scope.spawn(move || {
                    let mut client = ProbeClient::new(channel);
                    for round in 0..200_u32 {
                        let payload = [thread.to_be_bytes(), round.to_be_bytes()].concat();
                        // Some take longer, so that answers come in another order than calls.
                        let report = client.unary(Order {
                            delay_ms: u32::from((thread + round) % 50 == 0),
                            ..order(&payload)
                        });
                        assert_eq!(report.unwrap().into_inner().payload, payload, "{wire}");
                    }
                });
            }
        });
    });
}

#[test]
fn large_messages_cross() {
    check(|server, wire| {
        let mut client = ProbeClient::new(server.channel(wire));
        // Both sides have more to write than a socket holds, before either has read.
        let payload = vec![9; 2_000_000];
        for _ in 0..5 {
            let calls: Vec<_> = (0..4).map(|_| client.try_unary(order(&payload))).collect();
            for call in calls {
                let report = call.wait().unwrap().unwrap().into_inner();
                assert!(report.payload == payload, "{wire}");
            }
        }
    });
}

#[test]
fn a_server_that_comes_back_is_found_again() {
    for wire in [Wire::Lane, Wire::Grpc] {
        let folder = tempfile::tempdir().unwrap();
        let address = address_in(folder.path());
        let server = Serving::start(&address, |server| server);
        let mut client = ProbeClient::new(server.channel(wire));
        assert!(client.unary(order(b"before")).is_ok(), "{wire}");
        drop(server);
        let status = client.unary(order(b"while it is away")).unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{wire}");
        let _server = Serving::start(&address, |server| server);
        assert!(client.unary(order(b"after")).is_ok(), "{wire}");
    }
}

#[test]
fn a_server_without_the_lane_is_called_by_grpc() {
    let folder = tempfile::tempdir().unwrap();
    let address = address_in(folder.path());
    let server = Serving::start(&address, Server::without_lane);
    let channel = blocking::connect(&server.address).unwrap();
    assert_eq!(channel.wire(), Some(Wire::Grpc));
    let report = ProbeClient::new(channel).unary(order(b"x")).unwrap();
    assert_eq!(report.into_inner().wire, "grpc");
    let forced = Channel::builder(&server.address).wire(Wire::Lane);
    let error = forced.connect_blocking().unwrap_err().to_string();
    assert!(error.contains("does not speak the lane"), "{error}");
}

#[test]
fn tcp_and_memory_are_called_too() {
    let server = Serving::start("http://127.0.0.1:0", |server| server);
    let channel = blocking::connect(&server.address).unwrap();
    assert_eq!(channel.wire(), Some(Wire::Lane));
    assert!(ProbeClient::new(channel).unary(order(b"x")).is_ok());
    let server = Serving::start("memory:blocking", |server| server);
    let channel = blocking::connect(&server.address).unwrap();
    assert!(ProbeClient::new(channel).unary(order(b"x")).is_ok());
    assert!(blocking::connect("memory:nobody").is_err());
}
