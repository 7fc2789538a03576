//! The lane, tried from outside: two connections back to back, and bytes written by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::{Buf, BytesMut};
use nearcall_lane::{Connection, Event, Limits, Side, Violation};

mod conversation;
mod corpus;
mod example;
mod interleaved;
mod violations;

/// Everything that a side has to send.
fn written(connection: &mut Connection) -> BytesMut {
    let mut all = BytesMut::new();
    loop {
        let output = connection.output();
        if !output.has_remaining() {
            return all;
        }
        let now = output.copy_to_bytes(output.remaining());
        all.extend_from_slice(&now);
    }
}

fn events(connection: &mut Connection, read: &mut BytesMut) -> Result<Vec<Event>, Violation> {
    let mut events = Vec::new();
    while let Some(event) = connection.receive(read)? {
        if !matches!(event, Event::Drained { .. }) {
            events.push(event);
        }
    }
    Ok(events)
}

/// Two sides that have greeted each other.
fn pair(limits: Limits) -> (Connection, Connection) {
    let mut client = Connection::new(Side::Connector, limits);
    let mut server = Connection::new(Side::Acceptor, limits);
    assert_eq!(
        events(&mut server, &mut written(&mut client))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        events(&mut client, &mut written(&mut server))
            .unwrap()
            .len(),
        1
    );
    (client, server)
}

fn carry(from: &mut Connection, to: &mut Connection) -> Vec<Event> {
    events(to, &mut written(from)).unwrap()
}
