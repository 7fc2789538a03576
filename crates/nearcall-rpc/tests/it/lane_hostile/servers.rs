//! Servers that break the rules: the client tells them which, its call fails with a reason, and the next call goes to
//! a new connection.

use std::time::Duration;

use nearcall::{Channel, Code, Reason, Request, Status, Wire, tokio, tokio_stream};
use nearcall_testkit::Running;
use nearcall_testkit::probe::{Order, ProbeClient};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::front::{Doing, Front};
use crate::lane_peer::{
    CALL, CREDIT, END, GOAWAY, HEADERS, LanePeer, MESSAGE, NO_METADATA, OK, OPENING, WINDOWS, call,
    frame, hello,
};

/// A real server behind a bad one, which has the first connection: it waits for the first call, says `bytes`, and tells
/// how the client parted.
async fn behind(
    greeting: Vec<u8>,
    bytes: Vec<u8>,
) -> (
    Running,
    Front,
    mpsc::UnboundedReceiver<Option<(u16, String)>>,
) {
    let server = Running::start().await;
    let (tells, told) = mpsc::unbounded_channel();
    let mut said = Some((greeting, bytes, tells));
    let front = Front::before(server.address(), move |_| match said.take() {
        None => Doing::Pass,
        Some((greeting, bytes, tells)) => Doing::Own(Box::new(move |stream, read| {
            let mut tasks = JoinSet::new();
            tasks.spawn(async move {
                let mut peer = LanePeer::over(stream, read);
                peer.send(OPENING).await;
                peer.send(&greeting).await;
                peer.opening().await;
                peer.frame_of(CALL).await;
                peer.send(&bytes).await;
                let _over = tells.send(peer.parting().await);
            });
            tasks
        })),
    })
    .await;
    (server, front, told)
}

fn client(front: &Front) -> ProbeClient<Channel> {
    let channel = Channel::builder(front.address()).wire(Wire::Lane);
    ProbeClient::new(channel.lazy().expect("an address"))
}

#[tokio::test]
async fn each_rule_that_a_server_can_break() {
    let end = |stream| frame(END, 0, stream, OK);
    let headers = || frame(HEADERS, 0, 1, NO_METADATA);
    let too_long = [&200_000_u32.to_le_bytes()[..], &[MESSAGE], &[0; 11]].concat();
    let cases = [
        ("a second HELLO", 3, hello((1, 1), WINDOWS)),
        ("a frame too long", 5, too_long),
        ("an unknown kind", 6, frame(12, 0, 1, b"")),
        ("a flag of callers", 13, frame(MESSAGE, 1, 1, b"")),
        ("an END cut short", 8, frame(END, 0, 1, b"\0")),
        (
            "an END with a text that is none",
            8,
            frame(END, 0, 1, b"\0\0\x01\0\xff\0\0\0\0"),
        ),
        (
            "a call of the client's parity",
            10,
            call(3, "Unary", None, None, true),
        ),
        ("an end of no call", 11, end(3)),
        ("a message of no call", 11, frame(MESSAGE, 0, 5, b"")),
        ("an end after the end", 12, [end(1), end(1)].concat()),
        (
            "a message after the end",
            12,
            [end(1), frame(MESSAGE, 0, 1, b"")].concat(),
        ),
        ("a cancel of the client's call", 13, frame(7, 0, 1, b"")),
        ("a close of the client's call", 13, frame(5, 0, 1, b"")),
        ("headers twice", 15, [headers(), headers()].concat()),
        (
            "headers after a message",
            15,
            [frame(MESSAGE, 0, 1, b""), headers()].concat(),
        ),
        ("a piece that follows none", 15, frame(MESSAGE, 4, 1, b"x")),
        (
            "an index that is not known",
            19,
            frame(HEADERS, 0, 1, &[1, 0, 9, 0, 0, 0]),
        ),
        ("credit without end", 22, frame(CREDIT, 0, 0, &[0xff; 4])),
    ];
    for (what, expected, bytes) in cases {
        // Two cases answer the call before they go wrong.
        let answers = bytes.starts_with(&end(1));
        let (server, front, mut told) = behind(hello((1, 1), WINDOWS), bytes).await;
        let mut client = client(&front);
        let failed: Status = client.unary(Order::default()).await.unwrap_err();
        if !answers {
            assert_eq!(
                Reason::of(&failed),
                Some(Reason::ProtocolViolated),
                "{what}: {failed:?}"
            );
        }
        let parting = told.recv().await.flatten();
        let (code, text) = parting.unwrap_or_else(|| panic!("{what}: no word of parting"));
        assert_eq!(code, expected, "{what}: {text}");
        // The same client, on a new connection.
        client.unary(Order::default()).await.expect("an answer");
        assert_eq!(front.wires(), ["lane", "lane"], "{what}");
        let begun = server.tally.begun.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(begun, 1, "{what}: the failed call was not made again");
    }
}

#[tokio::test]
async fn one_that_calls_a_client_which_hosts_nothing_is_told_so() {
    let bytes = [
        call(2, "Unary", None, Some(b""), true),
        frame(9, 0, 0, &[5; 8]),
    ]
    .concat();
    let server = Running::start().await;
    let (tells, mut told) = mpsc::unbounded_channel();
    let mut said = Some((bytes, tells));
    let front = Front::before(server.address(), move |_| {
        let (bytes, tells) = said.take().expect("one connection");
        Doing::Own(Box::new(move |stream, read| {
            let mut tasks = JoinSet::new();
            tasks.spawn(async move {
                let mut peer = LanePeer::over(stream, read);
                peer.send(OPENING).await;
                peer.send(&hello((1, 1), WINDOWS)).await;
                peer.opening().await;
                peer.frame_of(CALL).await;
                peer.send(&bytes).await;
                let end = peer.frame_of(END).await;
                let _over = tells.send((end.stream, end.code()));
                peer.send(&frame(END, 2, 1, OK)).await;
                peer.parting().await;
            });
            tasks
        }))
    })
    .await;
    let answer = client(&front).unary(Order::default()).await;
    assert!(answer.is_ok(), "{answer:?}");
    let unimplemented = Code::Unimplemented as u16;
    assert_eq!(told.recv().await, Some((2, unimplemented)));
}

#[tokio::test]
async fn one_that_says_nothing_any_more_costs_no_longer_than_the_deadline() {
    let short = Duration::from_millis(200);
    let all = (i32::MAX as u32, i32::MAX as u32);
    // After the opening alone, and after HELLO; with calls that wait for credit, and with calls that nobody reads.
    let cases = [
        (None, true),
        (Some(WINDOWS), true),
        (Some((0, 0)), true),
        (Some(all), false),
    ];
    for (windows, reads) in cases {
        let server = Running::start().await;
        let front = Front::before(server.address(), move |_| {
            Doing::Own(Box::new(move |stream, read| {
                let mut tasks = JoinSet::new();
                tasks.spawn(silent(LanePeer::over(stream, read), windows, reads));
                tasks
            }))
        })
        .await;
        let mut client = client(&front);
        let mut unary = Request::new(Order::default());
        unary.set_timeout(short);
        let status = client.unary(unary).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        let long = Order {
            payload: vec![7; 60_000],
            ..Order::default()
        };
        let mut upload = Request::new(tokio_stream::iter(vec![long; 100]));
        upload.set_timeout(short);
        let status = client.upload(upload).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    }
}

/// Greets as far as it is told to, and says nothing after that.
async fn silent(mut peer: LanePeer, windows: Option<(u32, u32)>, reads: bool) {
    peer.send(OPENING).await;
    if let Some(windows) = windows {
        peer.send(&hello((1, 1), windows)).await;
    }
    if !reads {
        std::future::pending::<()>().await;
    }
    while peer.frame().await.is_some() {}
}

#[tokio::test]
async fn one_that_goes_away_without_having_carried_the_call_out_has_it_made_elsewhere() {
    let mut parting = vec![0; 10];
    parting.extend([0, 0]);
    let (server, front, mut told) =
        behind(hello((1, 1), WINDOWS), frame(GOAWAY, 0, 0, &parting)).await;
    let mut client = client(&front);
    // Not a method that may be repeated: that it was not run is what the server said.
    client.unary(Order::default()).await.expect("an answer");
    assert_eq!(told.recv().await, Some(None), "the client closes in peace");
    assert_eq!(front.wires(), ["lane", "lane"]);
    let begun = server.tally.begun.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(begun, 1);
}
