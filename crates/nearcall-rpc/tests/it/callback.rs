//! A server that calls what its client hosts, over both wires.
//!
//! The server is a mirror: every call of `testing.v1.Probe` it makes once more, of the client that made it. So what the
//! client's own `Probe` does is what the client sees.

mod ends;
mod kinds;
mod limits;
mod stream;

use std::sync::Arc;

use nearcall::raw::{Answering, Messages, MethodPath, RawService};
use nearcall::tokio::sync::{mpsc, oneshot};
use nearcall::tokio::task::JoinHandle;
use nearcall::{
    Channel, ChannelBuilder, Drained, Limits, Request, Response, Server, Status, Streaming, Wire,
    caller, tokio, tokio_stream,
};
use nearcall_testkit::address_in;
use nearcall_testkit::probe::{Probe, ProbeClient, ProbeServer, Tally};
use prost::bytes::Bytes;
use tempfile::TempDir;

const WIRES: [Wire; 2] = [Wire::Lane, Wire::Grpc];

/// The methods of `testing.v1.Probe`, and whether they stream.
const METHODS: [(&str, bool); 4] = [
    ("Unary", false),
    ("Download", true),
    ("Upload", true),
    ("Chat", true),
];

/// A server that runs.
struct Serving {
    folder: Arc<TempDir>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Drained>,
}

impl Serving {
    async fn mirror() -> Self {
        Self::start(
            Arc::new(tempfile::tempdir().expect("a temporary folder")),
            mirror(),
        )
        .await
    }

    async fn start(folder: Arc<TempDir>, service: RawService) -> Self {
        Self::start_with(folder, service, Limits::default()).await
    }

    async fn start_with(folder: Arc<TempDir>, service: RawService, limits: Limits) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::new(address_in(folder.path())).add_raw_service(service);
        let server = server.limits(limits);
        let server = server.without_signals().stop_when(async {
            // A dropped sender is a test that is over.
            let _ = stopped.await;
        });
        let bound = server.bind().await.expect("the server starts");
        let served = tokio::spawn(async { bound.serve().await.expect("the server goes on") });
        Self {
            folder,
            stop,
            served,
        }
    }

    fn builder(&self, wire: Wire) -> ChannelBuilder {
        Channel::builder(address_in(self.folder.path())).wire(wire)
    }

    /// A client of the server that hosts a `Probe`, and what became of that.
    async fn client(&self, wire: Wire) -> (ProbeClient<Channel>, Arc<Tally>) {
        let probe = Probe::default();
        let tally = Arc::clone(&probe.tally);
        let channel = self.builder(wire).host(ProbeServer::new(probe));
        (
            ProbeClient::new(channel.connect().await.expect("the server can be reached")),
            tally,
        )
    }

    fn begin_to_stop(self) -> JoinHandle<Drained> {
        let _ = self.stop.send(());
        self.served
    }
}

/// A service that answers the methods of `testing.v1.Probe` by functions of the test's.
fn probe(
    answer: impl Fn(&'static str, Request<Streaming<Bytes>>) -> Answering
    + Clone
    + Send
    + Sync
    + 'static,
) -> RawService {
    let service = RawService::new("testing.v1.Probe").expect("a name");
    METHODS
        .into_iter()
        .fold(service, |service, (name, streams)| {
            let answer = answer.clone();
            service
                .method(name, streams, move |request| answer(name, request))
                .expect("a name")
        })
}

fn mirror() -> RawService {
    nearcall_testkit::mirror("testing.v1.Probe", &METHODS)
}

/// Makes a call once more, of who made it.
async fn back(
    method: &str,
    request: Request<Streaming<Bytes>>,
) -> Result<Response<Messages>, Status> {
    let path = MethodPath::new("testing.v1.Probe", method).expect("a name");
    nearcall_testkit::call_back(&path, request).await
}

/// A server that gives the test a channel to whoever calls it, and answers.
async fn giving() -> (Serving, mpsc::UnboundedReceiver<Channel>) {
    let (give, given) = mpsc::unbounded_channel();
    let service = probe(move |_method, request| {
        let give = give.clone();
        Box::pin(async move {
            let channel = caller(&request).ok_or_else(|| Status::failed_precondition("none"))?;
            give.send(channel).expect("the test goes on");
            let empty = Bytes::new();
            let messages: Messages = Box::pin(tokio_stream::once(Ok(empty)));
            Ok(Response::new(messages))
        })
    });
    let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
    (Serving::start(folder, service).await, given)
}
