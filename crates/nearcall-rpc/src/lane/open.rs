//! The two ends of a new connection, up to HELLO.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use nearcall_lane::{Limits, MAGIC, Side};
use nearcall_transport::preface::FirstBytes;
use nearcall_transport::{Connection, blocking};
use tokio::io::AsyncReadExt;

use super::crank::{Crank, Turn, shake_hands};
use super::driver::Driver;
use super::serving::{Origin, Serve, Serving};
use super::state::State;
use super::writer::Writer;
use super::{Lane, Shared};
use crate::callback::Caller;
use crate::wire::Wire;

/// What became of an offer to speak the lane.
#[derive(Debug)]
pub(crate) enum Offer<S> {
    /// The peer speaks it too.
    Taken(Lane, Box<Driver<S>>),
    /// The peer does not, or said nothing.
    Declined,
}

/// Offers the lane on a new connection. Nothing but the opening and HELLO is sent before the peer's own opening was read,
/// so another connection can be made in its place. A peer that says nothing for as long as `patience` has declined.
///
/// # Errors
///
/// The connection broke; a peer that closes it has declined.
pub(crate) async fn offer<S: Serve>(
    connection: Connection,
    service: S,
    patience: Duration,
) -> io::Result<Offer<S>> {
    let peer = connection.peer().clone();
    let (mut reader, writer) = connection.into_split();
    let shared = share(Side::Connector, Writer::Task(writer));
    let mut read = BytesMut::new();
    let answered = async {
        // A pipe, and a socket that came as a number, may take nothing before the runtime has asked the system.
        let written = poll_fn(|cx| shared.state().poll_write_by(cx.waker()));
        if written.await.is_err() {
            return Ok(false);
        }
        while read.len() < MAGIC.len() && MAGIC.starts_with(&read) {
            match reader.read_buf(&mut read).await {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                // Who does not know the opening may cut the connection off rather than close it.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(read.starts_with(&MAGIC))
    };
    match tokio::time::timeout(patience, answered).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) | Err(_) => return Ok(Offer::Declined),
        Ok(Err(error)) => return Err(error),
    }
    let origin = Origin {
        peer,
        wire: Wire::Lane,
    };
    let serving = Serving::new(service, origin);
    let driver = Driver::new(Arc::clone(&shared), reader, read, serving);
    Ok(Offer::Taken(
        Lane::new(shared, Wire::Lane),
        Box::new(driver),
    ))
}

/// Takes up the lane on a connection whose opening was read.
pub(crate) fn acceptor<S: Serve>(
    connection: Connection,
    first: &FirstBytes,
    service: S,
) -> (Arc<Shared>, Driver<S>) {
    let mut peer = connection.peer().clone();
    let (reader, writer) = connection.into_split();
    let shared = share(Side::Acceptor, Writer::Task(writer));
    let way_back = Lane::new(Arc::clone(&shared), Wire::Lane);
    peer.attach(Arc::new(Caller::Lane(way_back)));
    let origin = Origin {
        peer,
        wire: Wire::Lane,
    };
    let read = BytesMut::from(first.as_bytes());
    let serving = Serving::new(service, origin);
    let driver = Driver::new(Arc::clone(&shared), reader, read, serving);
    (shared, driver)
}

/// One end of a lane within the process, which carries calls that travel on another wire.
pub(crate) fn within<S: Serve>(
    side: Side,
    connection: Connection,
    service: S,
    origin: Origin,
) -> (Arc<Shared>, Driver<S>) {
    let (reader, writer) = connection.into_split();
    let shared = share(side, Writer::Task(writer));
    let serving = Serving::new(service, origin);
    let driver = Driver::new(Arc::clone(&shared), reader, BytesMut::new(), serving);
    (shared, driver)
}

/// As [`offer`], on a connection that has no task; none where the peer has declined.
///
/// # Errors
///
/// As [`offer`].
pub(crate) fn offer_blocking(
    stream: blocking::Stream,
    patience: Duration,
) -> io::Result<Option<Lane>> {
    let mut connection = nearcall_lane::Connection::new(Side::Connector, Limits::default());
    let Some(read) = shake_hands(&stream, &mut connection, patience)? else {
        return Ok(None);
    };
    let stream = Arc::new(stream);
    let writer = Writer::Callers(Arc::clone(&stream));
    let shared = Arc::new(Shared {
        state: Mutex::new(State::new(connection, writer)),
        crank: Some(Crank::new(stream, read)),
    });
    let lane = Lane::new(shared, Wire::Lane);
    // What came behind the opening is looked at with the first turn.
    lane.turn(Turn::Look, 0);
    Ok(Some(lane))
}

fn share(side: Side, writer: Writer) -> Arc<Shared> {
    let connection = nearcall_lane::Connection::new(side, Limits::default());
    Arc::new(Shared {
        state: Mutex::new(State::new(connection, writer)),
        crank: None,
    })
}
