//! One try to connect.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::uri::Authority;
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use nearcall_transport::{
    Address, Connection, Peer, PeerPolicy, PeerRefused, Target, Transport, blocking,
};
use tokio_util::sync::DropGuard;

use super::burst::Burst;
use super::coalesce::Coalesce;
use crate::body::OutgoingBody;
use crate::callback::{self, Host};
use crate::lane::{Lane, Nobody, Offer, Serve, offer, offer_blocking};
use crate::limits::{
    CONNECTION_WINDOW_BYTES, HEADER_LIST_BYTES_MAX, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT,
    OFFER_TIMEOUT, STREAM_WINDOW_BYTES,
};
use crate::report::report;
use crate::resolve::{Place, ResolveError, resolve};
use crate::wire::Wire;

/// Why a channel has no connection. Its `Debug` is for people, since a `main` that returns it shows that.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The target says no place, or nobody serves it.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Nobody could be reached there.
    #[error(transparent)]
    Connect(#[from] nearcall_transport::ConnectError),
    /// The server's process is another user's.
    #[error("the server at {address} is not one of this user's, so nothing was sent to it")]
    WrongPeer {
        /// Where it was.
        address: Address,
        /// Whose it is.
        #[source]
        source: Box<PeerRefused>,
    },
    /// The time was up.
    #[error("connecting to {address} took longer than {limit:?}")]
    TimedOut {
        /// Where to.
        address: Address,
        /// How long it could take.
        limit: Duration,
    },
    /// The channel was made of a connection, and that has ended.
    #[error(
        "the connection that the channel was made of has ended, and no address says where to make another"
    )]
    GivenEnded(#[source] Option<hyper::Error>),
    /// The server does not speak the lane, and nothing else may be spoken.
    #[error(
        "the server at {address} does not speak the lane; let the channel choose, or leave {WIRE_VARIABLE} unset"
    )]
    NoLane {
        /// Where it was.
        address: Address,
    },
    /// No thread could be had for a runtime, which calls that block need with servers that speak gRPC alone.
    #[error("no thread can be had for HTTP/2")]
    Runtime(#[source] std::io::Error),
    /// The variable that forces a wire names none.
    #[error("expected {WIRE_VARIABLE} to be `grpc` or `lane`, found `{found}`")]
    Wire {
        /// What it holds.
        found: String,
    },
    /// The server did not speak HTTP/2.
    #[error("the server at {address} did not take up gRPC")]
    Handshake {
        /// Where it was.
        address: Address,
        /// What HTTP/2 said.
        #[source]
        source: hyper::Error,
    },
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        report(self, f)
    }
}

/// Sends requests over one connection; a new wire is a new variant.
#[derive(Debug, Clone)]
pub(crate) enum Sender {
    Lane(Lane),
    Grpc {
        http2: hyper::client::conn::http2::SendRequest<OutgoingBody>,
        authority: Authority,
        burst: Burst,
        /// What the client hosts on the connection ends with the last of these.
        hosts: Option<Arc<DropGuard>>,
    },
}

impl Sender {
    /// Whether no further request can be sent.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Lane(lane) => lane.is_closed(),
            Self::Grpc { http2, .. } => http2.is_closed(),
        }
    }

    pub(crate) fn wire(&self) -> Wire {
        match self {
            Self::Lane(lane) => lane.wire(),
            Self::Grpc { .. } => Wire::Grpc,
        }
    }
}

/// How a channel comes to its connection.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) target: Target,
    pub(crate) limit: Duration,
    /// Which servers are called; none where nothing was said.
    pub(crate) peers: Option<PeerPolicy>,
    /// The only wire that is used; none where nothing was said.
    pub(crate) wire: Option<Wire>,
    /// Whether the server was asked to speak the lane, and did not.
    pub(crate) declined: AtomicBool,
    /// What the server may call.
    pub(crate) host: Option<Host>,
    /// Whether those who call do without a runtime.
    pub(crate) blocking: bool,
}

/// Connects to where the target is now.
pub(crate) async fn connect(way: &Way) -> Result<Sender, ConnectError> {
    if way.blocking {
        let (address, lane) = connect_blocking(way)?;
        return lane
            .map(Sender::Lane)
            .ok_or(ConnectError::NoLane { address });
    }
    let limit = way.limit;
    let forced = way.wire.map_or_else(wire_from_env, |wire| Ok(Some(wire)))?;
    let place = resolve(&way.target)?;
    let address = &place.address;
    let connecting = async {
        if let Some(patience) = patience(way, &place, forced) {
            let connection = dial(way, address).await?;
            let taken = match &way.host {
                Some(host) => take_up(connection, host.stack(), patience).await,
                None => take_up(connection, Nobody, patience).await,
            };
            if let Some(sender) = taken {
                return Ok(sender);
            }
            if forced == Some(Wire::Lane) {
                return Err(ConnectError::NoLane {
                    address: address.clone(),
                });
            }
            way.declined.store(true, Ordering::Relaxed);
            tracing::debug!(%address, "the server does not speak the lane; calling by gRPC");
        }
        let connection = dial(way, address).await?;
        let failed = |source| ConnectError::Handshake {
            address: address.clone(),
            source,
        };
        let server = connection.peer().clone();
        let mut sender = handshake(connection, authority(address))
            .await
            .map_err(failed)?;
        if let Some(host) = &way.host {
            let standing = callback::open(&sender, host, server).await;
            if let Sender::Grpc { hosts, .. } = &mut sender {
                *hosts = standing;
            }
        }
        Ok(sender)
    };
    match tokio::time::timeout(limit, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(ConnectError::TimedOut {
            address: place.address,
            limit,
        }),
    }
}

/// As [`connect`], without a runtime; none where the server does not speak the lane, or is not to be asked.
pub(crate) fn connect_blocking(way: &Way) -> Result<(Address, Option<Lane>), ConnectError> {
    let forced = way.wire.map_or_else(wire_from_env, |wire| Ok(Some(wire)))?;
    let place = resolve(&way.target)?;
    let Some(patience) = patience(way, &place, forced) else {
        return Ok((place.address, None));
    };
    let stream = blocking::Stream::connect(&place.address, way.limit)?;
    check_peer(way, &place.address, stream.peer())?;
    let lane = offer_blocking(stream, patience).unwrap_or_else(|error| {
        tracing::debug!(address = %place.address, %error, "the connection broke while the lane was offered");
        None
    });
    if lane.is_none() && forced == Some(Wire::Lane) {
        return Err(ConnectError::NoLane {
            address: place.address,
        });
    }
    Ok((place.address, lane))
}

/// The variable that forces a wire.
const WIRE_VARIABLE: &str = "NEARCALL_WIRE";

/// The wire that the user forces on every channel of the process that does not say otherwise.
fn wire_from_env() -> Result<Option<Wire>, ConnectError> {
    match std::env::var(WIRE_VARIABLE) {
        Err(_) => Ok(None),
        Ok(found) => match found.as_str() {
            "" => Ok(None),
            "grpc" => Ok(Some(Wire::Grpc)),
            "lane" => Ok(Some(Wire::Lane)),
            _ => Err(ConnectError::Wire { found }),
        },
    }
}

/// For how long the server is given to take up the lane; none where it is not asked.
fn patience(way: &Way, place: &Place, forced: Option<Wire>) -> Option<Duration> {
    match (forced, place.lane) {
        (Some(Wire::Grpc), _) | (None, Some(false)) => None,
        (Some(Wire::Lane), _) | (None, Some(true)) => Some(way.limit),
        // It cannot be dialed again, should it speak gRPC alone.
        (None, None) if matches!(place.address, Address::Inherit(_)) => None,
        (None, None) => (!way.declined.load(Ordering::Relaxed)).then_some(OFFER_TIMEOUT),
    }
}

async fn dial(way: &Way, address: &Address) -> Result<Connection, ConnectError> {
    let connection = Connection::connect(address).await?;
    check_peer(way, address, connection.peer())?;
    Ok(connection)
}

/// Lets a connection run, until the last who makes calls on it is gone; none if the server does not speak the lane.
async fn take_up<S>(connection: Connection, service: S, patience: Duration) -> Option<Sender>
where
    S: Serve + Send + 'static,
{
    let Ok(Offer::Taken(lane, driver)) = offer(connection, service, patience).await else {
        return None;
    };
    let driver = driver
        .ends_unused()
        .keepalive(Some(KEEPALIVE_INTERVAL), KEEPALIVE_TIMEOUT);
    tokio::spawn(async move {
        let how = driver.await;
        tracing::debug!(%how, "a connection ended");
    });
    Some(Sender::Lane(lane))
}

/// Whoever came first may have taken an abstract name or a pipe, and a name in the registry promises a process of this user's.
/// The permissions of a path that the caller wrote out, and the loopback port, are the caller's own choice.
fn check_peer(way: &Way, address: &Address, peer: &Peer) -> Result<(), ConnectError> {
    let promised = matches!(way.target, Target::Name(_)) && peer.transport == Transport::Unix;
    let is_first_come = matches!(peer.transport, Transport::UnixAbstract | Transport::Pipe);
    let admitted = match &way.peers {
        Some(peers) => peers.admit(peer),
        None if promised || is_first_come => PeerPolicy::default().admit(peer),
        None => Ok(()),
    };
    admitted.map_err(|source| ConnectError::WrongPeer {
        address: address.clone(),
        source: Box::new(source),
    })
}

/// Begins HTTP/2 on a connection.
pub(crate) async fn handshake(
    connection: Connection,
    authority: Authority,
) -> Result<Sender, hyper::Error> {
    let mut builder = hyper::client::conn::http2::Builder::new(Boxing);
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    let server = connection.peer().clone();
    let burst = Burst::default();
    let io = Coalesce::new(connection, burst.clone());
    let (http2, driver) = builder.handshake(TokioIo::new(io)).await?;
    // Ends when the last sender is dropped, or with the connection.
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%server, %error, "the connection ended with an error");
        }
    });
    Ok(Sender::Grpc {
        http2,
        authority,
        burst,
        hosts: None,
    })
}

/// Spawns boxed futures. hyper spawns two a call, in one type with room for a whole connection, and tokio moves a future
/// several times before its first poll.
#[derive(Debug, Clone, Copy)]
struct Boxing;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Boxing {
    fn execute(&self, future: F) {
        let future: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(future);
        tokio::spawn(future);
    }
}

/// What `:authority` says where there is no host, as stock clients have it.
pub(crate) const NO_HOST: &str = "localhost";

/// The host and port of TCP.
fn authority(address: &Address) -> Authority {
    let named = match address {
        Address::Http(host) => host.to_string().parse().ok(),
        _ => None,
    };
    named.unwrap_or_else(|| Authority::from_static(NO_HOST))
}
