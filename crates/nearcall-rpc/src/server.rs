//! [`Server`]: serves handlers at a name or an address, until it is asked to stop.

mod accept;
pub(crate) mod calls;
pub(crate) mod connection;
mod direct;
mod drain;
mod health;
mod newcomers;
mod opening;
mod place;
pub(crate) mod router;
mod schema;
mod session;
mod signals;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use nearcall_proto::table::{self, Described};
use nearcall_transport::{Address, BindError, PeerPolicy, Target};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

pub use calls::CutCall;
pub use drain::Drained;
pub use health::HealthSwitch;
pub use router::Served;
pub use session::{Session, Undo};

use crate::callback;
use crate::limits::Limits;
use crate::proxy::{Named, Proxy};
use crate::raw::RawService;
use crate::registry::RegistryError;
use crate::report::report;
use crate::resolve::ResolveError;
use accept::Accept;
use calls::Calls;
use direct::Handler;
use newcomers::Newcomers;
use place::{Facts, Place};
use router::Router;
use schema::Schema;
use signals::Signals;

/// Serves handlers. What generated code calls `ArithServer` is added, and the server does the rest: health,
/// reflection, deadlines, limits, a registry entry, and a clean stop on SIGINT and SIGTERM.
///
/// ```no_run
/// # async fn serve<S: nearcall_rpc::Served + nearcall_rpc::Described + tonic::server::NamedService>(arith: S)
/// # -> Result<(), nearcall_rpc::ServeError> {
/// nearcall_rpc::Server::new("arith").add_service(arith).serve().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    target: String,
    more: Vec<String>,
    router: Router,
    schema: Schema,
    limits: Limits,
    peers: PeerPolicy,
    insecure: bool,
    heal: bool,
    lane: bool,
    reporter: HealthReporter,
    stop: Option<Stop>,
    signals: bool,
    proxy: Option<Named>,
}

/// What ends a server besides signals.
struct Stop(Pin<Box<dyn Future<Output = ()> + Send>>);

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}

/// Why a server could not start, or not go on. Its `Debug` is for people, since a `main` that returns it shows that.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The name or address says no place.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The place cannot be listened at.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The entry could not be written.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The descriptors of the services contradict each other.
    #[error("the services' descriptors cannot be served by reflection")]
    Schema(#[source] tonic_reflection::server::Error),
    /// What asks a process to stop cannot be waited for: SIGINT and SIGTERM, on Windows what the console says.
    #[error("cannot wait for {}", signals::NAMES)]
    Signals(#[source] std::io::Error),
    /// A listener is beyond use.
    #[error("the listener at {address} failed; the server stopped")]
    Accept {
        /// Where it listened.
        address: Address,
        /// What the system said.
        #[source]
        source: nearcall_transport::AcceptError,
    },
}

impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        report(self, f)
    }
}

impl Server {
    /// A server at a name, such as `arith` or `arena/arith`, or at an address, such as `unix:/tmp/arith.sock`. What is
    /// wrong with it is said when the server starts.
    pub fn new(target: impl Into<String>) -> Self {
        let (reporter, health) = tonic_health::server::health_reporter();
        let server = Self {
            target: target.into(),
            more: Vec::new(),
            router: Router::default(),
            schema: Schema::default(),
            limits: Limits::default(),
            peers: PeerPolicy::default(),
            insecure: false,
            heal: true,
            lane: true,
            reporter,
            stop: None,
            signals: true,
            proxy: None,
        };
        server
            .add_tables(&schema::HEALTH, health, None)
            .add_service(callback::service())
    }

    /// Adds a service that `nearcall-build` generated.
    #[must_use]
    pub fn add_service<S: Served + Described + NamedService>(self, service: S) -> Self {
        let direct = service.direct();
        self.add_tables(S::SERVICE, service, direct)
    }

    /// Adds a service of which no table is known, such as one of another generator's. Its calls count as streams and
    /// have no deadline but the caller's; reflection knows it if the descriptor set (encoded) holds it.
    #[must_use]
    pub fn add_plain_service<S: Served + NamedService>(
        mut self,
        service: S,
        file_descriptor_set: &'static [u8],
    ) -> Self {
        self.schema.add(file_descriptor_set);
        self.router.add(S::NAME, &[], service);
        self
    }

    /// Adds a service whose messages stay bytes: its name and its methods are known only as the program runs.
    #[must_use]
    pub fn add_raw_service(mut self, service: RawService) -> Self {
        if let Some(set) = service.file_descriptor_set() {
            self.schema.add(set.to_vec());
        }
        self.router.add_raw(service);
        self
    }

    /// Hands every call on, whatever its service; the server's own health and reflection are not served then, so that
    /// callers see those of the server behind.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy.named());
        // Its token and its check of origins are HTTP's.
        self.lane = false;
        self.router.send_all_to(proxy);
        self
    }

    fn add_tables<S: Served>(
        mut self,
        table: &'static table::Service,
        service: S,
        direct: Option<Handler>,
    ) -> Self {
        self.schema.add(table.file_descriptor_set);
        self.router
            .add_direct(table.name, table.methods, service, direct);
        self
    }

    /// Listens at one more name or address.
    #[must_use]
    pub fn listen(mut self, target: impl Into<String>) -> Self {
        self.more.push(target.into());
        self
    }

    /// Sets what the server allows.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets who may call; by default processes of the server's own user.
    #[must_use]
    pub fn allow(mut self, peers: PeerPolicy) -> Self {
        self.peers = peers;
        self
    }

    /// Lets `http:` addresses listen beyond loopback, without encryption or a check of who calls.
    #[must_use]
    pub const fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Leaves `:authority` as the client sent it, so that stock clients which send a path there are refused by HTTP/2.
    /// For measuring what the healing costs.
    #[must_use]
    pub const fn without_authority_healing(mut self) -> Self {
        self.heal = false;
        self
    }

    /// Speaks gRPC alone, also to nearcall peers.
    #[must_use]
    pub const fn without_lane(mut self) -> Self {
        self.lane = false;
        self
    }

    /// Stops, as at SIGTERM, when a future is done. Signals still count.
    #[must_use]
    pub fn stop_when(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Some(Stop(Box::pin(stop)));
        self
    }

    /// Leaves SIGINT and SIGTERM to the program, which has a life of its own: a game, or an engine. What ends the server
    /// then is [`Self::stop_when`] alone.
    #[must_use]
    pub const fn without_signals(mut self) -> Self {
        self.signals = false;
        self
    }

    /// Sets the health of the services while they are served.
    #[must_use]
    pub fn health(&self) -> HealthReporter {
        self.reporter.clone()
    }

    /// As [`Self::health`], for programs that name no gRPC library.
    #[must_use]
    pub fn health_switch(&self) -> HealthSwitch {
        HealthSwitch::new(self.reporter.clone())
    }

    /// Serves until SIGINT, SIGTERM or [`Self::stop_when`], then waits for the calls in flight and says which it could
    /// not wait for.
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn serve(self) -> Result<Drained, ServeError> {
        self.bind().await?.serve().await
    }

    /// Begins to listen; calls are answered once [`Bound::serve`] runs.
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn bind(mut self) -> Result<Bound, ServeError> {
        self.schema
            .add_reflection(&mut self.router)
            .map_err(ServeError::Schema)?;
        // A connection is a file, and the limit that processes start with is as low as 1,024 on many systems.
        #[cfg(unix)]
        nearcall_transport::raise_open_files();
        // Registered before the first listener: a signal between the two must find somebody home.
        let signals = if self.signals {
            Signals::new().map_err(ServeError::Signals)?
        } else {
            Signals::ignored()
        };
        let names = self.router.names();
        let facts = Facts {
            owner: self.target.clone(),
            insecure: self.insecure,
            lane: self.lane,
            services: names.iter().map(|&name| name.to_owned()).collect(),
            schema_hash: self.schema.hash(),
        };
        let mut places = Vec::new();
        for target in std::iter::once(&self.target).chain(&self.more) {
            let target: Target = target.parse().map_err(ResolveError::from)?;
            places.push(Place::take(target, &facts).await?);
        }
        if let Some(proxy) = &self.proxy {
            proxy.set(places.iter().map(|place| place.listener.address()));
        }
        for name in names {
            self.reporter
                .set_service_status(name, ServingStatus::Serving)
                .await;
        }
        Ok(Bound {
            server: self,
            places,
            signals,
        })
    }
}

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Bound {
    server: Server,
    places: Vec<Place>,
    signals: Signals,
}

impl Bound {
    /// Where the server listens, in full: paths are absolute, ports are what the system chose.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        self.places
            .iter()
            .map(|place| place.listener.address().clone())
            .collect()
    }

    /// Answers calls until the server is asked to stop.
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn serve(self) -> Result<Drained, ServeError> {
        let Self {
            server,
            places,
            signals,
        } = self;
        for place in &places {
            tracing::info!(name = server.target, address = %place.listener.address(), "serving");
        }
        let accept = Arc::new(Accept {
            calls: Arc::new(Calls::new(&server.limits)),
            newcomers: Newcomers::new(server.limits.silent_connections_max),
            router: server.router,
            limits: server.limits,
            peers: server.peers,
            heal: server.heal,
            lane: server.lane,
            companions: Arc::default(),
            connections: Arc::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
        });
        drain::serve(accept, places, server.reporter, signals, server.stop).await
    }
}
