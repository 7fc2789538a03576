//! Every rule, broken once.

use bytes::{BufMut, Bytes, BytesMut};
use nearcall_lane::{Call, Connection, Event, Limits, MAGIC, Side};

use super::{events, written};

/// A frame by hand.
fn frame(kind: u8, flags: u8, stream: u64, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_u32_le(u32::try_from(body.len()).unwrap());
    out.put_slice(&[kind, flags, 0, 0]);
    out.put_u64_le(stream);
    out.put_slice(body);
    out
}

fn hello(min: u16, max: u16, window: u32) -> Vec<u8> {
    let mut body = Vec::new();
    body.put_u16_le(min);
    body.put_u16_le(max);
    body.put_u64_le(u64::MAX);
    for number in [1_000, window, window, 4] {
        body.put_u32_le(number);
    }
    body.put_u16_le(8);
    body.put_u16_le(100);
    body.put_slice(b"of a later version");
    frame(1, 0, 0, &body)
}

/// The body of a call: no deadline, a path and a block of metadata.
fn call(path: &[u8], metadata: &[u8]) -> Vec<u8> {
    let mut body = vec![0xff; 8];
    body.put_slice(path);
    body.put_slice(metadata);
    body
}

const PATH: &[u8] = b"\xff\xff\x04\x00/a/b";
const NONE: &[u8] = b"\0\0";

fn limits() -> Limits {
    Limits {
        message_bytes: 1_000,
        stream_window: 100,
        connection_window: 10_000,
        calls: 2,
        table_entries: 1,
        table_bytes: 10,
    }
}

/// What a server that was greeted, and has a call of its own open, says to these frames.
fn code(frames: &[Vec<u8>]) -> Option<u16> {
    let mut server = Connection::new(Side::Acceptor, limits());
    let mut read = BytesMut::from(&MAGIC[..]);
    read.extend_from_slice(&hello(1, 9, 1_000));
    events(&mut server, &mut read).unwrap();
    let call = Call::new("/x".parse().unwrap());
    assert_eq!(server.call(call, Some(Bytes::new()), true), Ok(2));
    written(&mut server);
    outcome(&mut server, &frames.concat())
}

fn outcome(server: &mut Connection, bytes: &[u8]) -> Option<u16> {
    let mut read = BytesMut::from(bytes);
    let violation = events(server, &mut read).err()?;
    let told = written(server);
    assert!(!violation.to_string().is_empty());
    assert_eq!(server.violation(), Some(&violation));
    if violation.code() != 1 {
        // The last frame is the GOAWAY, with the code and the text.
        let text = violation.to_string();
        assert!(told.ends_with(text.as_bytes()), "{told:?}");
        let code_at = told.len() - text.len() - 4;
        assert_eq!(told[code_at..code_at + 2], violation.code().to_le_bytes());
    }
    Some(violation.code())
}

#[test]
fn each_rule_has_its_code() {
    let check = |frames: &[Vec<u8>], expected: u16| {
        assert_eq!(code(frames), Some(expected), "{frames:02x?}");
    };
    let open = || frame(2, 0, 1, &call(PATH, NONE));
    check(&[hello(1, 1, 1)], 3);
    check(&[[&[0, 0, 4, 0][..], &[2; 12]].concat()], 5);
    check(&[frame(0, 0, 1, b"")], 6);
    check(&[frame(0x7f, 0, 1, b"")], 6);
    check(&[frame(3, 1, 2, NONE)], 7);
    check(&[frame(2, 0, 1, b"short")], 8);
    check(&[frame(8, 0, 0, b"")], 8);
    check(&[frame(9, 0, 0, b"more than eight")], 8);
    check(&[frame(6, 0, 2, b"\0\0\x01\0\xff\0\0\0\0")], 8);
    check(&[open(), frame(4, 4 | 8, 1, b"\x01\0\0\0x")], 8);
    check(&[open(), frame(4, 8, 1, b"\x01\0\0\0x")], 8);
    check(
        &[
            open(),
            frame(4, 12, 1, b"\x03\0\0\0x"),
            frame(4, 0, 1, b"xxx"),
        ],
        8,
    );
    check(
        &[
            open(),
            frame(4, 12, 1, b"\x03\0\0\0x"),
            frame(4, 0, 1, b"x"),
        ],
        8,
    );
    check(&[frame(9, 0, 1, &[0; 8])], 9);
    check(&[frame(2, 0, 0, &call(PATH, NONE))], 9);
    check(&[frame(2, 0, 4, &call(PATH, NONE))], 10);
    check(&[open(), open()], 10);
    check(&[frame(2, 0, 3, &call(PATH, NONE)), open()], 10);
    check(&[frame(4, 0, 1, b"")], 11);
    check(&[frame(6, 0, 4, b"\0\0\0\0\0\0\0\0")], 11);
    check(&[frame(7, 0, 1, b"")], 11);
    check(&[frame(8, 0, 1, &[1, 0, 0, 0])], 11);
    check(&[open(), frame(5, 0, 1, b""), frame(4, 0, 1, b"")], 12);
    check(
        &[frame(6, 0, 2, b"\0\0\0\0\0\0\0\0"), frame(3, 0, 2, NONE)],
        12,
    );
    check(&[frame(7, 0, 2, b"")], 13);
    check(&[open(), frame(3, 0, 1, NONE)], 13);
    check(&[frame(4, 1, 2, b"")], 13);
    check(&[1, 3, 5].map(|id| frame(2, 0, id, &call(PATH, NONE))), 14);
    check(&[frame(3, 0, 2, NONE), frame(3, 0, 2, NONE)], 15);
    check(&[frame(4, 0, 2, b""), frame(3, 0, 2, NONE)], 15);
    check(&[open(), frame(4, 4, 1, b"x")], 15);
    check(
        &[open(), frame(4, 12, 1, b"\x03\0\0\0x"), frame(5, 0, 1, b"")],
        15,
    );
    let entry = [&b"\xff\xff\x01\0a\xff\x3f"[..], &[b'x'; 0x3fff]].concat();
    check(
        &[frame(
            2,
            0,
            1,
            &call(PATH, &[&b"\x02\0"[..], &entry, &entry].concat()),
        )],
        16,
    );
    check(&[frame(2, 0, 1, &call(b"\xff\xff\x01\0x", NONE))], 17);
    for entry in ["\u{1}\0\0\0", "A\0\0"] {
        let block = [&b"\x01\0\xff\xff\x01\0"[..], entry.as_bytes()].concat();
        check(&[frame(2, 0, 1, &call(PATH, &block))], 17);
    }
    check(
        &[frame(2, 0, 1, &call(PATH, b"\x01\0\xff\xff\x02\0te\0\0"))],
        17,
    );
    check(
        &[frame(
            2,
            0,
            1,
            &call(PATH, b"\x01\0\xff\xff\x01\0a\x01\0\n"),
        )],
        17,
    );
    let remembered = |path: &[u8]| {
        [
            &[0xfe, 0xff, u8::try_from(path.len()).unwrap(), 0][..],
            path,
        ]
        .concat()
    };
    check(
        &[frame(
            2,
            0,
            1,
            &call(&remembered(b"/longer/than/ten"), NONE),
        )],
        18,
    );
    check(
        &[
            frame(2, 0, 1, &call(&remembered(b"/a"), NONE)),
            frame(2, 0, 3, &call(&remembered(b"/b"), NONE)),
        ],
        18,
    );
    check(&[frame(2, 0, 1, &call(b"\0\0", NONE))], 19);
    check(
        &[frame(2, 0, 1, &call(&remembered(b"/a"), b"\x01\0\0\0\0\0"))],
        19,
    );
    check(&[open(), frame(4, 0, 1, &[0; 1_001])], 20);
    check(&[open(), frame(4, 12, 1, b"\xe9\x03\0\0x")], 20);
    check(&[open(), frame(4, 0, 1, &[0; 36]), frame(4, 0, 1, b"")], 21);
    check(&[frame(8, 0, 0, &[0xff, 0xff, 0xff, 0x7f])], 22);
    check(&[frame(8, 0, 2, &[0xff; 4])], 22);
}

#[test]
fn what_the_rules_allow_is_taken() {
    let check = |frames: &[Vec<u8>]| assert_eq!(code(frames), None, "{frames:02x?}");
    let open = || frame(2, 0, 1, &call(PATH, NONE));
    // Unknown kinds that may be skipped, on any stream.
    check(&[frame(0x80, 0xff, 99, b"anything"), frame(0xff, 0, 0, b"")]);
    // A cancellation and credit that cross the end.
    check(&[
        open(),
        frame(7, 0, 1, b""),
        frame(7, 0, 1, b""),
        frame(8, 0, 1, &[1, 0, 0, 0]),
    ]);
    // A message may use up more than the credit that is left.
    check(&[open(), frame(4, 0, 1, &[0; 35]), frame(4, 0, 1, &[0; 999])]);
    // Ids may be left out.
    check(&[open(), frame(2, 0, 99, &call(PATH, NONE))]);
}

#[test]
fn the_opening_is_held_to() {
    let check = |bytes: &[u8], expected: u16| {
        let mut server = Connection::new(Side::Acceptor, limits());
        written(&mut server);
        assert_eq!(outcome(&mut server, bytes), Some(expected), "{bytes:02x?}");
    };
    check(b"PRI * HTTP/2.0\r\n", 1);
    check(&[&MAGIC[..], &frame(9, 0, 0, &[0; 8])].concat(), 2);
    check(&[&MAGIC[..], &hello(2, 9, 1)].concat(), 4);
    check(&[&MAGIC[..], &hello(0, 0, 1)].concat(), 4);
    check(&[&MAGIC[..], &hello(2, 1, 1)].concat(), 8);
    check(&[&MAGIC[..], &hello(1, 1, u32::MAX)].concat(), 8);
}

#[test]
fn a_peer_that_grants_nothing_stalls_only_itself() {
    let mut server = Connection::new(Side::Acceptor, Limits::default());
    let mut read = BytesMut::from(&MAGIC[..]);
    read.extend_from_slice(&hello(1, 1, 0));
    read.extend_from_slice(&frame(2, 1, 1, &call(PATH, NONE)));
    assert_eq!(events(&mut server, &mut read).unwrap().len(), 2);
    server.message(1, Bytes::from_static(b"waits")).unwrap();
    written(&mut server);
    assert!(written(&mut server).is_empty());
    for amount in [0, 1] {
        let mut read = BytesMut::from(&frame(8, 0, amount, &[1, 0, 0, 0])[..]);
        assert_eq!(events(&mut server, &mut read), Ok(Vec::<Event>::new()));
    }
    assert!(written(&mut server).ends_with(b"waits"));
}
