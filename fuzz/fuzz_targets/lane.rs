//! A connection of the lane under any bytes: it answers whatever comes, within its limits, however the bytes are split.

#![no_main]

use bytes::{Buf, Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use nearcall_lane::{Connection, End, Event, Limits, Side, Violation};

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else {
        return;
    };
    let side = if how & 1 == 0 {
        Side::Acceptor
    } else {
        Side::Connector
    };
    let mut all = Vec::new();
    if how & 2 == 0 {
        let other = if how & 1 == 0 {
            Side::Connector
        } else {
            Side::Acceptor
        };
        let mut other = Connection::new(other, limits());
        let opening = other.output();
        all.extend_from_slice(&opening.copy_to_bytes(opening.remaining()));
    }
    all.extend_from_slice(bytes);
    let piece = usize::from(how >> 2).max(1);
    assert_eq!(
        drive(side, &all, all.len().max(1)),
        drive(side, &all, piece)
    );
});

/// Small ones, so that they are reached.
fn limits() -> Limits {
    Limits {
        message_bytes: 4_096,
        stream_window: 1_024,
        connection_window: 2_048,
        calls: 4,
        table_entries: 4,
        table_bytes: 128,
    }
}

fn drive(side: Side, bytes: &[u8], piece: usize) -> (Vec<Event>, Option<Violation>) {
    let mut connection = Connection::new(side, limits());
    let mut read = BytesMut::new();
    let mut events = Vec::new();
    for bytes in bytes.chunks(piece) {
        read.extend_from_slice(bytes);
        loop {
            match connection.receive(&mut read) {
                Ok(None) => break,
                Ok(Some(event)) => {
                    answer(&mut connection, &event);
                    // What is written is a matter of when, and so is what follows from it.
                    if !matches!(event, Event::Drained { .. }) {
                        events.push(event);
                    }
                    drain(&mut connection);
                }
                Err(violation) => {
                    assert_eq!(connection.receive(&mut read), Err(violation.clone()));
                    drain(&mut connection);
                    assert_eq!(connection.open_calls(), 0);
                    return (events, Some(violation));
                }
            }
            assert!(connection.open_calls() <= 8);
        }
    }
    (events, None)
}

fn drain(connection: &mut Connection) {
    let mut last = connection.output().remaining();
    while last > 0 {
        assert!(last <= 256 * 1_024);
        connection.output().advance(last);
        last = connection.output().remaining();
    }
}

fn answer(connection: &mut Connection, event: &Event) {
    match event {
        Event::Hello(_) => {
            let call = nearcall_lane::Call::new("/a.B/C".parse().unwrap());
            let _ = connection.call(call.clone(), Some(Bytes::from_static(b"one")), true);
            let _ = connection.call(call, None, false);
        }
        Event::Call {
            stream,
            call,
            message,
            last,
        } => {
            if let Some(message) = message {
                connection.release(*stream, message.len());
            }
            if *last {
                let _ = connection.headers(*stream, call.metadata.clone());
                let _ = connection.message(*stream, Bytes::from_static(b"answer"));
                let _ = connection.end(*stream, End::default());
            }
        }
        Event::Message {
            stream,
            message,
            last,
        } => {
            // Long ones are held for good, so that credit runs out.
            if message.len() < 512 {
                connection.release(*stream, message.len());
            }
            let _ = connection.message(*stream, message.clone());
            if *last {
                let _ = connection.end(*stream, End::default());
            }
        }
        Event::Closed { stream } => {
            let _ = connection.end(*stream, End::default());
        }
        Event::Pong(data) if data % 4 == 1 => connection.go_away(),
        Event::Headers { stream, .. } => {
            let _ = connection.cancel(*stream);
        }
        _ => {}
    }
}
