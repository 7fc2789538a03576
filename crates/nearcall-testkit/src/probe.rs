//! The service that the suites call: it does as each order says, and counts what became of its handlers.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nearcall::tokio_stream::{self, Stream, StreamExt};
use nearcall::{
    Code, Context, Peer, Request, Response, Status, Streaming, Trailers, Wire, async_trait,
};

pub use pb::probe_client::ProbeClient;
pub use pb::probe_server::ProbeServer;
pub use pb::{Order, Report};

/// Generated from `proto/testing/v1/probe.proto`.
pub mod pb {
    nearcall::include_proto!("testing.v1");
}

type Reports = Pin<Box<dyn Stream<Item = Result<Report, Status>> + Send>>;

/// The handler.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    /// What became of the handlers so far.
    pub tally: Arc<Tally>,
}

/// What became of handlers.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls that reached a handler.
    pub begun: AtomicUsize,
    /// Handlers that were dropped before they were done.
    pub dropped: AtomicUsize,
}

impl Tally {
    /// Waits until as many handlers were dropped before they were done.
    ///
    /// # Panics
    ///
    /// That does not happen within five seconds.
    pub async fn wait_dropped(&self, count: usize) {
        crate::eventually("handlers dropped", || {
            self.dropped.load(Ordering::SeqCst) >= count
        })
        .await;
    }

    /// Waits until as many calls have reached a handler.
    ///
    /// # Panics
    ///
    /// That does not happen within five seconds.
    pub async fn wait_begun(&self, count: usize) {
        crate::eventually("handlers begun", || {
            self.begun.load(Ordering::SeqCst) >= count
        })
        .await;
    }
}

/// Counts a handler that is dropped before it is told that it is done.
#[derive(Debug)]
pub(crate) struct Watched {
    tally: Arc<Tally>,
    done: bool,
}

impl Watched {
    pub(crate) fn new(tally: &Arc<Tally>) -> Self {
        tally.begun.fetch_add(1, Ordering::SeqCst);
        Self {
            tally: Arc::clone(tally),
            done: false,
        }
    }

    pub(crate) const fn done(&mut self) {
        self.done = true;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.done {
            self.tally.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// What a call says of itself, apart from its messages.
#[derive(Debug, Clone)]
struct Seen {
    metadata: HashMap<String, String>,
    peer: Option<Peer>,
    wire: Option<Wire>,
}

impl Seen {
    fn of<T>(request: &Request<T>) -> Self {
        let mut metadata = HashMap::new();
        for entry in request.metadata().iter() {
            let (name, value) = match &entry {
                nearcall::codegen::tonic::metadata::KeyAndValueRef::Ascii(name, value) => {
                    (name.as_str(), value.to_str().unwrap_or_default().to_owned())
                }
                nearcall::codegen::tonic::metadata::KeyAndValueRef::Binary(name, value) => (
                    name.as_str(),
                    format!("{:?}", value.to_bytes().unwrap_or_default()),
                ),
            };
            if name.starts_with("x-") {
                metadata.insert(name.to_owned(), value);
            }
        }
        Self {
            metadata,
            peer: request.extensions().get::<Peer>().cloned(),
            wire: request.extensions().get::<Wire>().copied(),
        }
    }

    fn report(&self, order: Order, orders: u32, onward: Option<Report>) -> Report {
        let context = Context::current();
        Report {
            payload: order.payload,
            orders,
            metadata: self.metadata.clone(),
            remaining_ms: context
                .remaining()
                .map(|left| left.as_millis().try_into().unwrap_or(u64::MAX)),
            trace_id: context
                .trace()
                .map(|trace| trace.trace_id().to_owned())
                .unwrap_or_default(),
            peer_pid: self.peer.as_ref().and_then(|peer| peer.pid),
            peer_uid: self.peer.as_ref().and_then(|peer| peer.uid),
            wire: self.wire.map(|wire| wire.to_string()).unwrap_or_default(),
            onward: onward.map(Box::new),
        }
    }
}

/// Carries out one order.
async fn carry_out(seen: &Seen, order: Order, orders: u32) -> Result<Report, Status> {
    let onward = if order.onward.is_empty() {
        None
    } else {
        Some(call_onward(&order).await?)
    };
    if order.delay_ms > 0 {
        nearcall::tokio::time::sleep(Duration::from_millis(order.delay_ms.into())).await;
    }
    assert!(!order.panic, "told to panic");
    if order.code != 0 && order.count == 0 {
        return Err(Status::new(Code::from(order.code), order.message));
    }
    Ok(seen.report(order, orders, onward))
}

async fn call_onward(order: &Order) -> Result<Report, Status> {
    let address = order.onward.clone();
    let calling = async move {
        let channel = nearcall::Channel::lazy(address)
            .map_err(|error| Status::internal(error.to_string()))?;
        Ok(ProbeClient::new(channel)
            .unary(Order::default())
            .await?
            .into_inner())
    };
    if order.spawned {
        let task = nearcall::tokio::spawn(Context::current().scope(calling));
        return task
            .await
            .map_err(|error| Status::internal(error.to_string()))?;
    }
    calling.await
}

#[async_trait]
impl pb::probe_server::Probe for Probe {
    async fn unary(&self, request: Request<Order>) -> Result<Response<Report>, Status> {
        let mut watched = Watched::new(&self.tally);
        let seen = Seen::of(&request);
        let outcome = carry_out(&seen, request.into_inner(), 1).await;
        watched.done();
        let mut response = Response::new(outcome?);
        let mut trailers = Trailers::default();
        trailers
            .0
            .insert("x-after", "the last message".parse().expect("a value"));
        response.extensions_mut().insert(trailers);
        for (name, value) in &seen.metadata {
            if let (Ok(name), Ok(value)) = (
                format!("x-echo-{name}")
                    .parse::<nearcall::codegen::tonic::metadata::AsciiMetadataKey>(),
                value.parse(),
            ) {
                response.metadata_mut().insert(name, value);
            }
        }
        Ok(response)
    }

    async fn unary_idempotent(&self, request: Request<Order>) -> Result<Response<Report>, Status> {
        self.unary(request).await
    }

    type DownloadStream = Reports;

    async fn download(&self, request: Request<Order>) -> Result<Response<Reports>, Status> {
        let mut watched = Watched::new(&self.tally);
        let seen = Seen::of(&request);
        let order = request.into_inner();
        let end =
            (order.code != 0).then(|| Status::new(Code::from(order.code), order.message.clone()));
        let numbers = tokio_stream::iter(1..=order.count).then(move |number| {
            let (seen, order) = (seen.clone(), order.clone());
            async move { carry_out(&seen, order, number).await }
        });
        let end = tokio_stream::iter(end.map(Err));
        let done = tokio_stream::iter([()]).filter_map(move |()| {
            watched.done();
            None
        });
        Ok(Response::new(Box::pin(numbers.chain(end).chain(done))))
    }

    async fn upload(&self, request: Request<Streaming<Order>>) -> Result<Response<Report>, Status> {
        let mut watched = Watched::new(&self.tally);
        let seen = Seen::of(&request);
        let mut orders = request.into_inner();
        let (mut payload, mut count) = (Vec::new(), 0);
        while let Some(order) = orders.message().await? {
            count += 1;
            payload.extend_from_slice(&carry_out(&seen, order, count).await?.payload);
        }
        watched.done();
        Ok(Response::new(seen.report(
            Order {
                payload,
                ..Order::default()
            },
            count,
            None,
        )))
    }

    type ChatStream = Reports;

    async fn chat(&self, request: Request<Streaming<Order>>) -> Result<Response<Reports>, Status> {
        let mut watched = Watched::new(&self.tally);
        let seen = Seen::of(&request);
        let mut number = 0;
        let reports = request.into_inner().then(move |order| {
            number += 1;
            let seen = seen.clone();
            async move { carry_out(&seen, order?, number).await }
        });
        let done = tokio_stream::iter([()]).filter_map(move |()| {
            watched.done();
            None
        });
        Ok(Response::new(Box::pin(reports.chain(done))))
    }
}
