//! Clients that send what may not be sent: the server says which rule they broke, and closes.

use bytes::BufMut;
use nearcall::{Wire, tokio};
use nearcall_testkit::Running;
use nearcall_testkit::probe::Order;
use prost::Message as _;

use super::others_go_on;
use crate::lane_peer::{
    CALL, CREDIT, HEADERS, LAST, LanePeer, MESSAGE, NO_METADATA, OK, OPENING, PING, WINDOWS, call,
    frame, hello,
};

/// Flags of MESSAGE.
const MORE: u8 = 4;
const TOTAL: u8 = 8;

/// Sends frames after a greeting that is well; the server parts with the code.
async fn check(server: &Running, what: &str, expected: u16, bytes: &[u8]) {
    let mut peer = LanePeer::greeted(&server.address()).await;
    peer.send(bytes).await;
    let parting = peer.parting().await;
    let (code, text) = parting.unwrap_or_else(|| panic!("{what}: closed without a word"));
    assert_eq!(code, expected, "{what}: {text}");
    assert!(!text.is_empty(), "{what}");
}

/// An open call whose handler waits for messages.
fn chat(stream: u64) -> Vec<u8> {
    call(stream, "Chat", None, None, false)
}

/// The body of a CALL with a path and metadata as they are given.
fn call_of(path: &[u8], metadata: &[u8]) -> Vec<u8> {
    let mut body = vec![0xff; 8];
    body.put_slice(path);
    body.put_slice(metadata);
    frame(CALL, LAST, 1, &body)
}

/// A path as it is spelled out, or to be remembered.
fn text(marker: u16, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_u16_le(marker);
    out.put_u16_le(u16::try_from(text.len()).unwrap());
    out.put_slice(text);
    out
}

/// Metadata of one entry.
fn entry(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = vec![1, 0];
    out.extend(text(0xffff, name));
    out.put_u16_le(u16::try_from(value.len()).unwrap());
    out.put_slice(value);
    out
}

#[tokio::test]
async fn before_the_greeting_is_done() {
    let server = Running::start().await.over(Wire::Lane);
    let cases = [
        (2, frame(PING, 0, 0, &[0; 8])),
        (2, chat(1)),
        (5, frame(1, 0, 0, &vec![0; 200_000])),
        (8, frame(1, 0, 0, b"short")),
        (8, hello((2, 1), WINDOWS)),
        (8, hello((1, 1), (u32::MAX, 1))),
    ];
    for (expected, bytes) in cases {
        let mut peer = LanePeer::connect(&server.address()).await;
        peer.send(OPENING).await;
        peer.send(&bytes).await;
        peer.opening().await;
        let (code, text) = peer.parting().await.expect("a word of parting");
        assert_eq!(code, expected, "{text}");
    }
    // Nothing is said to who does not even open well.
    for opening in [&b"\x89NCALL\r\r"[..], b"\x89NCALL\n\n", &[0; 64]] {
        let mut peer = LanePeer::connect(&server.address()).await;
        peer.send(opening).await;
        assert!(peer.frame().await.is_none(), "{opening:?}");
    }
    others_go_on(&server).await;
}

#[tokio::test]
async fn frames_that_are_none() {
    let server = Running::start().await.over(Wire::Lane);
    let too_long = [&200_000_u32.to_le_bytes()[..], &[MESSAGE], &[0; 11]].concat();
    let longest = [&u32::MAX.to_le_bytes()[..], &[0x80], &[0xff; 11]].concat();
    let cases = [
        ("a second HELLO", 3, hello((1, 1), WINDOWS)),
        ("a frame too long", 5, too_long),
        ("the longest, of a kind to skip", 5, longest),
        ("kind 0", 6, frame(0, 0, 0, b"")),
        ("kind 12", 6, frame(12, 0, 1, b"")),
        ("kind 7f", 6, frame(0x7f, 0, 1, b"")),
        (
            "a flag that PING does not have",
            7,
            frame(PING, 1, 0, &[0; 8]),
        ),
        ("a flag that no kind has", 7, frame(CALL, 0x80, 1, b"")),
        ("a CALL cut short", 8, frame(CALL, 0, 1, b"short")),
        ("a PING too long", 8, frame(PING, 0, 0, &[0; 9])),
        ("a PONG too short", 8, frame(10, 0, 0, &[0; 7])),
        ("a CREDIT of nothing", 8, frame(CREDIT, 0, 0, b"")),
        ("a CLOSE with a body", 8, frame(5, 0, 1, b"x")),
        ("a GOAWAY that ends early", 8, frame(11, 0, 0, &[0; 5])),
        ("a PING on a stream", 9, frame(PING, 0, 1, &[0; 8])),
        ("a CALL on none", 9, frame(CALL, 0, 0, b"")),
        ("a GOAWAY on a stream", 9, frame(11, 0, 1, &[0; 12])),
    ];
    for (what, expected, bytes) in cases {
        check(&server, what, expected, &bytes).await;
    }
    others_go_on(&server).await;
}

#[tokio::test]
async fn streams_that_cannot_be() {
    let server = Running::start().await.over(Wire::Lane);
    let too_many: Vec<u8> = (0..1_025).flat_map(|number| chat(number * 2 + 1)).collect();
    let cases: [(&str, u16, Vec<u8>); 14] = [
        ("a call of the server's parity", 10, chat(2)),
        ("an id used twice", 10, [chat(1), chat(1)].concat()),
        ("an id below the last", 10, [chat(5), chat(3)].concat()),
        ("a message of no call", 11, frame(MESSAGE, 0, 1, b"")),
        ("a cancel of no call", 11, frame(7, 0, 1, b"")),
        ("credit of no call", 11, frame(CREDIT, 0, 9, &[1, 0, 0, 0])),
        ("an end of no call", 11, frame(6, 0, 2, OK)),
        (
            "a message after the last",
            12,
            [chat(1), frame(5, 0, 1, b""), frame(MESSAGE, 0, 1, b"")].concat(),
        ),
        (
            "headers by the caller",
            13,
            [chat(1), frame(HEADERS, 0, 1, NO_METADATA)].concat(),
        ),
        (
            "an end by the caller",
            13,
            [chat(1), frame(6, 0, 1, OK)].concat(),
        ),
        ("more calls than may be", 14, too_many),
        (
            "a piece that follows none",
            15,
            [chat(1), frame(MESSAGE, MORE, 1, b"x")].concat(),
        ),
        (
            "a close between pieces",
            15,
            [
                chat(1),
                frame(MESSAGE, MORE | TOTAL, 1, b"\x03\0\0\0x"),
                frame(5, 0, 1, b""),
            ]
            .concat(),
        ),
        (
            "pieces that are more than the whole",
            8,
            [
                chat(1),
                frame(MESSAGE, MORE | TOTAL, 1, b"\x03\0\0\0x"),
                frame(MESSAGE, 0, 1, b"xxx"),
            ]
            .concat(),
        ),
    ];
    for (what, expected, bytes) in cases {
        check(&server, what, expected, &bytes).await;
    }
    others_go_on(&server).await;
    // Not one of the handlers that they began is left.
    nearcall_testkit::eventually("the handlers are gone", || {
        let begun = &server.tally.begun;
        let begun = begun.load(std::sync::atomic::Ordering::SeqCst);
        let dropped = &server.tally.dropped;
        begun - super::OTHERS == dropped.load(std::sync::atomic::Ordering::SeqCst)
    })
    .await;
}

#[tokio::test]
async fn paths_and_metadata_that_cannot_be() {
    let server = Running::start().await.over(Wire::Lane);
    let path = text(0xffff, b"/testing.v1.Probe/Unary");
    let large = [
        &[2, 0][..],
        &entry(b"a", &[b'x'; 9_000])[2..],
        &entry(b"b", &[b'x'; 9_000])[2..],
    ]
    .concat();
    let claims = [&[0xff, 0xff][..], &entry(b"a", b"b")[2..]].concat();
    // Three hundred names in each of two calls.
    let remembered: Vec<u8> = [1, 3]
        .into_iter()
        .flat_map(|stream: u64| {
            let mut body = vec![0xff; 8];
            body.put_slice(&path);
            body.put_u16_le(300);
            for number in 0..300 {
                let name = format!("{stream}-{number}");
                body.extend(text(0xfffe, name.as_bytes()));
                body.put_u16_le(0);
            }
            frame(CALL, 0, stream, &body)
        })
        .collect();
    let cases = [
        ("metadata too large", 16, call_of(&path, &large)),
        ("more entries claimed than come", 8, call_of(&path, &claims)),
        (
            "a path that begins with no slash",
            17,
            call_of(&text(0xffff, b"x"), NO_METADATA),
        ),
        (
            "a name in upper case",
            17,
            call_of(&path, &entry(b"Name", b"v")),
        ),
        (
            "a name that is none",
            17,
            call_of(&path, &entry(b"a b", b"v")),
        ),
        ("an empty name", 17, call_of(&path, &entry(b"", b"v"))),
        (
            "a name of gRPC's",
            17,
            call_of(&path, &entry(b"grpc-status", b"0")),
        ),
        (
            "a line break in a value",
            17,
            call_of(&path, &entry(b"a", b"v\r\nx: y")),
        ),
        ("more remembered than may be", 18, remembered),
        (
            "an index that is not known",
            19,
            call_of(&[7, 0], NO_METADATA),
        ),
    ];
    for (what, expected, bytes) in cases {
        check(&server, what, expected, &bytes).await;
    }
    others_go_on(&server).await;
}

#[tokio::test]
async fn messages_and_credit_that_cannot_be() {
    let server = Running::start().await.over(Wire::Lane);
    // The handler is busy with the first message, so nothing is granted again.
    let busy = Order {
        delay_ms: 60_000,
        ..Order::default()
    };
    let busy = call(1, "Upload", None, Some(&busy.encode_to_vec()), false);
    let over_the_window = {
        let mut bytes = busy.clone();
        for _ in 0..5 {
            bytes.extend(frame(MESSAGE, 0, 1, &[0; 65_536]));
        }
        bytes
    };
    let too_long = [&(64_u32 << 20).wrapping_add(1).to_le_bytes()[..], b"x"].concat();
    let cases = [
        (
            "a message over the limit",
            20,
            [chat(1), frame(MESSAGE, MORE | TOTAL, 1, &too_long)].concat(),
        ),
        ("messages without credit", 21, over_the_window),
        ("credit without end", 22, frame(CREDIT, 0, 0, &[0xff; 4])),
        (
            "credit that adds up to too much",
            22,
            [
                frame(CREDIT, 0, 0, &[0, 0, 0, 0x7f]),
                frame(CREDIT, 0, 0, &[0, 0, 0, 0x7f]),
            ]
            .concat(),
        ),
        (
            "credit without end for a stream",
            22,
            [chat(1), frame(CREDIT, 0, 1, &[0xff; 4])].concat(),
        ),
    ];
    for (what, expected, bytes) in cases {
        check(&server, what, expected, &bytes).await;
    }
    others_go_on(&server).await;
}
