//! One conversation with every kind of frame, split and cut at every byte; and what two sides agree on as they part.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use nearcall_lane::{CANCELLED, Call, CommandError, Connection, End, Event, Limits, Side};

use super::{carry, events, pair, written};

fn call() -> Call {
    let mut call = Call::new("/a.B/C".parse().unwrap());
    call.timeout = Some(std::time::Duration::from_millis(5));
    call.metadata
        .append("name", HeaderValue::from_static("one"));
    call.metadata
        .append("name", HeaderValue::from_static("two"));
    call.metadata
        .append("raw-bin", HeaderValue::from_static("AAEC,/w"));
    call.metadata
        .append("grpc-timeout", HeaderValue::from_static("1S"));
    call
}

/// What a client writes: calls with one, many and long messages, a cancellation, a PING, and a parting.
fn bytes() -> BytesMut {
    let mut client = Connection::new(Side::Connector, Limits::default());
    let mut server = Connection::new(Side::Acceptor, Limits::default());
    let mut all = written(&mut client);
    events(&mut client, &mut written(&mut server)).unwrap();
    client
        .call(call(), Some(Bytes::from_static(b"one")), true)
        .unwrap();
    let stream = client.call(call(), None, false).unwrap();
    client
        .message(stream, Bytes::from(vec![7; 70_000]))
        .unwrap();
    client.message(stream, Bytes::new()).unwrap();
    client.close(stream).unwrap();
    let stream = client.call(call(), None, false).unwrap();
    all.extend(written(&mut client));
    client.cancel(stream).unwrap();
    client.ping(9);
    client.go_away();
    all.extend(written(&mut client));
    all
}

fn read_in(bytes: &[u8], cuts: &[usize]) -> Vec<Event> {
    let mut server = Connection::new(Side::Acceptor, Limits::default());
    let (mut read, mut told, mut from) = (BytesMut::new(), Vec::new(), 0);
    for cut in cuts {
        read.extend_from_slice(&bytes[from..*cut]);
        told.extend(events(&mut server, &mut read).unwrap());
        from = *cut;
    }
    told
}

#[test]
fn it_is_the_same_however_it_is_split_and_no_more_where_it_is_cut() {
    let bytes = bytes();
    let whole = read_in(&bytes, &[bytes.len()]);
    assert_eq!(whole.len(), 8, "{whole:?}");
    let Event::Call { call: came, .. } = &whole[1] else {
        panic!()
    };
    let mut expected = call();
    expected.metadata.remove("grpc-timeout");
    expected.metadata.remove("raw-bin");
    expected
        .metadata
        .append("raw-bin", HeaderValue::from_static("AAEC"));
    expected
        .metadata
        .append("raw-bin", HeaderValue::from_static("/w"));
    assert_eq!(**came, expected);
    let long = 400..bytes.len() - 300;
    for cut in (0..=bytes.len()).filter(|cut| !long.contains(cut) || cut % 997 == 0) {
        assert_eq!(
            read_in(&bytes, &[cut, bytes.len()]),
            whole,
            "split at {cut}"
        );
        let cut_off = read_in(&bytes, &[cut]);
        assert!(whole.starts_with(&cut_off), "cut at {cut}");
    }
    let each: Vec<usize> = (1..=bytes.len()).collect();
    assert_eq!(read_in(&bytes, &each), whole);
}

#[test]
fn a_unary_call_is_one_frame_each_way() {
    let (mut client, mut server) = pair(Limits::default());
    for _ in 0..2 {
        let call = Call::new("/a.B/C".parse().unwrap());
        let stream = client
            .call(call, Some(Bytes::from_static(b"q")), true)
            .unwrap();
        assert!(client.is_unsent(stream));
        let asked = written(&mut client);
        assert!(!client.is_unsent(stream));
        assert_eq!(events(&mut server, &mut asked.clone()).unwrap().len(), 1);
        server.headers(stream, HeaderMap::new()).unwrap();
        server
            .message(stream, Bytes::from_static(b"answer"))
            .unwrap();
        server.end(stream, End::default()).unwrap();
        let answer = written(&mut server);
        let told = events(&mut client, &mut answer.clone()).unwrap();
        assert!(
            matches!(
                &told[..],
                [Event::End {
                    headers: Some(_),
                    message: Some(_),
                    ..
                }]
            ),
            "{told:?}"
        );
        for frame in [asked, answer] {
            assert_eq!(frame.len(), 16 + usize::from(frame[0]), "one frame");
        }
    }
    assert_eq!((client.open_calls(), server.open_calls()), (0, 0));
}

#[test]
fn a_cancelled_call_ends_on_both_sides_whoever_is_first() {
    for answered in [false, true] {
        let (mut client, mut server) = pair(Limits::default());
        let stream = client.call(call(), None, false).unwrap();
        carry(&mut client, &mut server);
        client.cancel(stream).unwrap();
        if answered {
            server.end(stream, End::default()).unwrap();
        }
        let crossing = written(&mut server);
        let told = carry(&mut client, &mut server);
        assert_eq!(
            told,
            if answered {
                vec![]
            } else {
                vec![Event::Cancelled { stream }]
            }
        );
        assert_eq!(
            server.message(stream, Bytes::new()),
            Err(CommandError::Gone { stream })
        );
        for mut bytes in [crossing, written(&mut server)] {
            assert_eq!(events(&mut client, &mut bytes), Ok(vec![]));
        }
        assert_eq!((client.open_calls(), server.open_calls()), (0, 0));
    }
    assert_eq!(CANCELLED, 1);
}

#[test]
fn calls_that_cross_a_parting_are_not_carried_out() {
    let (mut client, mut server) = pair(Limits::default());
    let first = client.call(call(), None, true).unwrap();
    carry(&mut client, &mut server);
    server.go_away();
    let parting = written(&mut server);
    let second = client
        .call(call(), Some(Bytes::from_static(b"late")), true)
        .unwrap();
    assert_eq!(carry(&mut client, &mut server), []);
    let told = events(&mut client, &mut parting.clone()).unwrap();
    let (late, expected) = (&told[1..], [Event::NotCarriedOut { stream: second }]);
    assert!(matches!(told[0], Event::GoAway { last, code: 0, .. } if last == first));
    assert_eq!(late, expected);
    assert_eq!(
        client.call(call(), None, true),
        Err(CommandError::GoingAway)
    );
    server.end(first, End::default()).unwrap();
    assert_eq!(carry(&mut server, &mut client).len(), 1);
    assert!(client.is_drained() && server.is_drained());
}

#[test]
fn a_small_call_overtakes_a_long_message() {
    let (mut client, mut server) = pair(Limits::default());
    let long = client
        .call(call(), Some(Bytes::from(vec![1; 4_000_000])), true)
        .unwrap();
    let small = client
        .call(call(), Some(Bytes::from_static(b"small")), true)
        .unwrap();
    let told = carry(&mut client, &mut server);
    let streams: Vec<u64> = told
        .iter()
        .filter_map(|event| match event {
            Event::Call {
                message: Some(_),
                stream,
                ..
            }
            | Event::Message { stream, .. } => Some(*stream),
            _ => None,
        })
        .collect();
    assert_eq!(streams, [small, long]);
}

#[test]
fn a_slow_stream_stalls_no_other() {
    let (mut client, mut server) = pair(Limits::default());
    let slow = client.call(call(), None, false).unwrap();
    for _ in 0..16 {
        client.message(slow, Bytes::from(vec![1; 100_000])).unwrap();
    }
    let taken = carry(&mut client, &mut server).len();
    assert_eq!(
        taken, 4,
        "a call, and as many messages as begin within the window"
    );
    client
        .call(call(), Some(Bytes::from_static(b"small")), true)
        .unwrap();
    assert_eq!(carry(&mut client, &mut server).len(), 1);
}
