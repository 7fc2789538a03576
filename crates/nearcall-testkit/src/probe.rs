//! The service that the suites call: it does as each order says, and counts what became of its handlers.

mod seen;
mod tally;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nearcall::tokio_stream::{self, Stream, StreamExt};
use nearcall::{
    Channel, Code, Context, Request, Response, Status, Streaming, Trailers, async_trait,
};

use seen::Seen;

pub use pb::probe_client::ProbeClient;
pub use pb::probe_server::ProbeServer;
pub use pb::{Entry, Order, Report};
pub use tally::Tally;
pub(crate) use tally::Watched;

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

/// Carries out one order.
async fn carry_out(seen: &Seen, order: Order, orders: u32) -> Result<Report, Status> {
    seen.tally.ran(&order.label);
    let onward = if order.onward.is_empty() {
        None
    } else {
        Some(call_onward(seen, &order).await?)
    };
    compute(Duration::from_millis(order.compute_ms.into()));
    if order.delay_ms > 0 {
        nearcall::tokio::time::sleep(Duration::from_millis(order.delay_ms.into())).await;
    }
    assert!(!order.panic, "told to panic");
    if order.code != 0 && order.count == 0 {
        return Err(seen.with(end_of(&order)));
    }
    Ok(seen.report(order, orders, onward))
}

/// The status that an order ends with.
fn end_of(order: &Order) -> Status {
    let details = order.details.clone().into();
    Status::with_details(Code::from(order.code), order.message.clone(), details)
}

/// Works for so long, as a handler does that does not wait for anything.
fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Calls the server that the order names, over the wire that this call came over.
async fn call_onward(seen: &Seen, order: &Order) -> Result<Report, Status> {
    let mut builder = Channel::builder(order.onward.clone());
    if let Some(wire) = seen.wire {
        builder = builder.wire(wire);
    }
    let calling = async move {
        let channel = builder
            .lazy()
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
        let seen = Seen::of(&request, &self.tally);
        let outcome = carry_out(&seen, request.into_inner(), 1).await;
        watched.done();
        let mut response = seen.on(outcome?);
        if let Some(Trailers(trailers)) = response.extensions_mut().get_mut() {
            trailers.insert("x-after", "the last message".parse().expect("a value"));
        }
        for (name, value) in &seen.metadata {
            if let (Ok(name), Ok(value)) = (
                format!("x-echo-{name}").parse::<nearcall::metadata::AsciiMetadataKey>(),
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
        let seen = Seen::of(&request, &self.tally);
        let order = request.into_inner();
        let end = (order.code != 0).then(|| seen.with(end_of(&order)));
        let answer = seen.on(());
        let numbers = tokio_stream::iter(1..=order.count).then(move |number| {
            let (seen, order) = (seen.clone(), order.clone());
            async move { carry_out(&seen, order, number).await }
        });
        let end = tokio_stream::iter(end.map(Err));
        let done = tokio_stream::iter([()]).filter_map(move |()| {
            watched.done();
            None
        });
        Ok(answer.map(|()| Box::pin(numbers.chain(end).chain(done)) as Reports))
    }

    async fn upload(&self, request: Request<Streaming<Order>>) -> Result<Response<Report>, Status> {
        let mut watched = Watched::new(&self.tally);
        let seen = Seen::of(&request, &self.tally);
        let mut orders = request.into_inner();
        let (mut payload, mut count) = (Vec::new(), 0);
        while let Some(order) = orders.message().await? {
            count += 1;
            payload.extend_from_slice(&carry_out(&seen, order, count).await?.payload);
        }
        watched.done();
        let joined = Order {
            payload,
            ..Order::default()
        };
        Ok(seen.on(seen.report(joined, count, None)))
    }

    type ChatStream = Reports;

    async fn chat(&self, request: Request<Streaming<Order>>) -> Result<Response<Reports>, Status> {
        let mut watched = Watched::new(&self.tally);
        let seen = Seen::of(&request, &self.tally);
        let answer = seen.on(());
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
        Ok(answer.map(|()| Box::pin(reports.chain(done)) as Reports))
    }
}
