//! [`Channel`]: calls a server by name or address, over whichever connection there is at the moment.

mod answer;
mod burst;
mod call;
mod coalesce;
mod connect;
mod direct;
mod link;
mod retry;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use http::uri::Authority;
use http::{Request, Response};
use nearcall_proto::table::Described;
use nearcall_transport::{Connection, PeerPolicy, Target};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower_service::Service;

pub use answer::ResponseBody;
pub use connect::ConnectError;
pub(crate) use connect::Sender;

use crate::blocking;
use crate::callback::Hosting;
use crate::context::Context;
use crate::lane::Lane;
use crate::limits::{CONNECT_TIMEOUT, Limits, UNARY_DEADLINE};
use crate::raw::RawService;
use crate::resolve::ResolveError;
use crate::server::Served;
use crate::wire::Wire;
use connect::Way;
use link::Link;
use retry::Retries;

/// A connection to a server that comes back by itself: what a generated client is made of.
///
/// Clones share the connection and are cheap. Where the connection is gone, the next call makes a new one; a call fails
/// at once with UNAVAILABLE if that cannot be done, unless it waits until the server is ready. Unary calls have a
/// deadline of [`UNARY_DEADLINE`] where the request sets none and the call that is being served has none either.
///
/// ```no_run
/// # async fn connect() -> Result<(), nearcall_rpc::ConnectError> {
/// let channel = nearcall_rpc::Channel::connect("arith").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Channel {
    shared: Arc<Shared>,
}

/// What the clones of a channel share.
#[derive(Debug)]
struct Shared {
    link: Link,
    retries: Retries,
    unary_deadline: Option<Duration>,
    wait_for_ready: bool,
}

/// Makes a [`Channel`] that is not as the defaults have it.
#[derive(Debug, Clone)]
pub struct ChannelBuilder {
    target: String,
    connect_timeout: Duration,
    peers: Option<PeerPolicy>,
    wire: Option<Wire>,
    unary_deadline: Option<Duration>,
    wait_for_ready: bool,
    hosting: Hosting,
}

/// Put into a request's extensions, says whether this one call waits until the server is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitForReady(pub bool);

impl Channel {
    /// Connects to a name, such as `arith` or `arena/arith`, or to an address, such as `unix:/tmp/arith.sock`.
    ///
    /// # Errors
    ///
    /// The target says no place, nobody is there, or who is there is not who may be.
    pub async fn connect(target: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder(target).connect().await
    }

    /// A channel that connects with its first call.
    ///
    /// # Errors
    ///
    /// The target is neither a name nor an address.
    pub fn lazy(target: impl Into<String>) -> Result<Self, ConnectError> {
        Self::builder(target).lazy()
    }

    /// A channel over a connection that is there already, such as one to a private child
    /// ([`child::spawn`](nearcall_transport::child::spawn)). When it ends, so do the channel's calls.
    ///
    /// # Errors
    ///
    /// The other side has hung up already.
    pub async fn over(connection: Connection) -> Result<Self, ConnectError> {
        let authority = Authority::from_static(connect::NO_HOST);
        let shaken = connect::handshake(connection, authority).await;
        let sender = shaken.map_err(|error| ConnectError::GivenEnded(Some(error)))?;
        Ok(Self::given(sender))
    }

    /// A channel over a connection that cannot be made again.
    pub(crate) fn given(sender: Sender) -> Self {
        Self {
            shared: Arc::new(Shared {
                link: Link::given(sender),
                retries: Retries::default(),
                unary_deadline: Some(UNARY_DEADLINE),
                wait_for_ready: false,
            }),
        }
    }

    /// A channel with settings of its own.
    pub fn builder(target: impl Into<String>) -> ChannelBuilder {
        ChannelBuilder {
            target: target.into(),
            connect_timeout: CONNECT_TIMEOUT,
            peers: None,
            wire: None,
            unary_deadline: Some(UNARY_DEADLINE),
            wait_for_ready: false,
            hosting: Hosting::default(),
        }
    }

    /// The wire of the connection there is; none where there is none at the moment.
    #[must_use]
    pub fn wire(&self) -> Option<Wire> {
        self.shared.link.wire()
    }
}

impl ChannelBuilder {
    /// How long one try to connect may take. Default: [`CONNECT_TIMEOUT`].
    #[must_use]
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Which servers may be called. Default: for names and `unix-abstract:` addresses those of this process's user, for
    /// what else the caller wrote out whoever is there.
    #[must_use]
    pub fn allow(mut self, peers: PeerPolicy) -> Self {
        self.peers = Some(peers);
        self
    }

    /// The one wire to use. Default: what `NEARCALL_WIRE` says (`grpc` or `lane`), else the lane with servers that speak
    /// it and gRPC with others: a name's entry says which, and any other server is asked before the first call is sent.
    #[must_use]
    pub const fn wire(mut self, wire: Wire) -> Self {
        self.wire = Some(wire);
        self
    }

    /// How long a unary call may take whose request sets no deadline; none means for ever. Default:
    /// [`UNARY_DEADLINE`].
    #[must_use]
    pub const fn unary_deadline(mut self, limit: Option<Duration>) -> Self {
        self.unary_deadline = limit;
        self
    }

    /// Whether calls wait until the server is ready, up to their deadline, rather than failing at once. Default: no.
    /// A request that carries [`WaitForReady`] decides for itself.
    #[must_use]
    pub const fn wait_for_ready(mut self, wait: bool) -> Self {
        self.wait_for_ready = wait;
        self
    }

    /// Hosts a service that `nearcall-build` generated on the channel's own connection: the server's handlers call it
    /// through [`caller`](crate::caller). It is hosted as long as the channel or a clone of it lives, again with each
    /// new connection, and nobody but the server at its other end can call it.
    #[must_use]
    pub fn host<S: Served + Described + NamedService>(mut self, service: S) -> Self {
        self.hosting.add(service);
        self
    }

    /// As [`Self::host`], for a service whose messages stay bytes.
    #[must_use]
    pub fn host_raw(mut self, service: RawService) -> Self {
        self.hosting.add_raw(service);
        self
    }

    /// What is allowed to those who call what is hosted: calls and streams at once, the deadline of unary calls that have
    /// none, and how long a stream may carry nothing. Default: as for a server.
    #[must_use]
    pub fn hosting_limits(mut self, limits: Limits) -> Self {
        self.hosting.limits = limits;
        self
    }

    /// Connects now; with [`Self::wait_for_ready`] tries until the server is there.
    ///
    /// # Errors
    ///
    /// As [`Channel::connect`].
    pub async fn connect(self) -> Result<Channel, ConnectError> {
        let wait = self.wait_for_ready;
        let channel = self.lazy()?;
        channel.shared.link.connect_now(wait).await?;
        Ok(channel)
    }

    /// Connects with the first call.
    ///
    /// # Errors
    ///
    /// As [`Channel::lazy`].
    pub fn lazy(self) -> Result<Channel, ConnectError> {
        let link = Link::new(self.way(false)?);
        Ok(self.with(link))
    }

    /// Connects now, for calls that block ([`blocking`]).
    ///
    /// # Errors
    ///
    /// As [`Channel::connect`].
    ///
    /// # Panics
    ///
    /// In an async task, where nothing may block, if the server speaks gRPC alone.
    pub fn connect_blocking(self) -> Result<blocking::Channel, ConnectError> {
        if !self.hosting.is_empty() {
            // Somebody has to serve while the caller does not wait.
            return blocking::Channel::on_runtime(self);
        }
        let way = self.way(true)?;
        match connect::connect_blocking(&way) {
            Ok((_, Some(lane))) => {
                let link = Link::with(way, Sender::Lane(lane));
                Ok(blocking::Channel::on_lane(self.with(link)))
            }
            // HTTP/2, and the addresses that are no sockets, need a runtime behind the scenes.
            Ok((_, None))
            | Err(ConnectError::Connect(nearcall_transport::ConnectError::Unsupported {
                ..
            })) => blocking::Channel::on_runtime(self),
            Err(error) => Err(error),
        }
    }

    fn way(&self, blocking: bool) -> Result<Way, ConnectError> {
        let target: Target = self.target.parse().map_err(ResolveError::from)?;
        Ok(Way {
            target,
            limit: self.connect_timeout,
            peers: self.peers.clone(),
            wire: self.wire,
            declined: AtomicBool::new(false),
            blocking,
            host: self.hosting.clone().host(),
        })
    }

    fn with(self, link: Link) -> Channel {
        Channel {
            shared: Arc::new(Shared {
                link,
                retries: Retries::default(),
                unary_deadline: self.unary_deadline,
                wait_for_ready: self.wait_for_ready,
            }),
        }
    }
}

impl Channel {
    /// The lane of the connection there is.
    pub(crate) fn lane(&self) -> Option<Lane> {
        self.shared.link.lane()
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Status>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<(), Status>> {
        // Whether there is a connection is asked for each call, since each decides whether it waits.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(call::call(
            Arc::clone(&self.shared),
            request,
            Context::current(),
        ))
    }
}
