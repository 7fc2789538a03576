//! One connection: whom it is from, which wire it speaks, and its calls until it ends.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use nearcall_transport::authority::Healed;
use nearcall_transport::preface::{self, Preface, Prefaced};
use nearcall_transport::{Connection, Peer, Transport};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use crate::body::RequestBody;
use crate::callback::{Caller, Stands};
use crate::lane;
use crate::layer::admit::Admit;
use crate::layer::catch_panic::CatchPanic;
use crate::layer::deadline::Deadline;
use crate::layer::idle::Idle;
use crate::layer::propagate::Propagate;
use crate::layer::trail::Trail;
use crate::layer::{Layer, Layered, StagedBody};
use crate::limits::{
    CONNECTION_WINDOW_BYTES, HEADER_LIST_BYTES_MAX, Limits, STREAM_WINDOW_BYTES,
    STREAMS_PER_CONNECTION_MAX,
};
use crate::server::accept::Accept;
use crate::server::calls;
use crate::server::direct::DirectCall;
use crate::server::newcomers::Newcomer;
use crate::server::opening::Opening;
use crate::server::router::Router;
use crate::server::session::Session;
use crate::wire::Wire;

/// What a call passes on its way to the handler, outermost first.
type Layers = (Admit, (Idle, (Deadline, (Propagate, (CatchPanic, Trail)))));

/// What the layers keep of a call.
type Stages = <Layers as Layer>::Stage;

/// The body of an answer that went through the layers.
pub(crate) type StackBody = StagedBody<tonic::body::Body, Stages>;

/// The layers and the services.
pub(crate) type Stack = Layered<Layers, Router>;

/// Serves one connection until it ends, or until `stop` and then the last of its calls.
pub(crate) async fn serve(
    accept: &Accept,
    connection: Connection,
    session: Session,
    newcomer: Newcomer,
    stop: &CancellationToken,
) {
    let peer = connection.peer().clone();
    let mut silence = pin!(silence(&newcomer, accept.limits.preface_timeout));
    let sniffed = tokio::select! {
        sniffed = preface::sniff(connection) => sniffed,
        why = &mut silence => {
            tracing::info!(%peer, why, "closed a connection that did not say what it speaks");
            return;
        }
        () = stop.cancelled() => return,
    };
    let (wire, connection) = match sniffed {
        Ok((Preface::Http2, connection)) => (Wire::Grpc, connection),
        Ok((Preface::Lane, connection)) if accept.lane => (Wire::Lane, connection),
        Ok((Preface::Closed(first), _)) => {
            tracing::debug!(%peer, %first, "the client closed before it said what it speaks");
            return;
        }
        Ok((other, _)) => {
            tracing::warn!(%peer, first = ?other, "closed a connection that speaks neither gRPC nor the lane");
            return;
        }
        Err(error) => {
            tracing::debug!(%peer, %error, "the connection broke before it said what it speaks");
            return;
        }
    };
    let refusal = accept
        .peers
        .admit(&peer)
        .err()
        .map(|refused| refused.to_string());
    if let Some(why) = &refusal {
        tracing::warn!(%peer, why, "refused a peer");
    }
    let refusal = refusal.map(Arc::from);
    let calls = Calls {
        stack: stack(&accept.router, &accept.calls, &accept.limits, refusal),
        peer,
        session,
    };
    match wire {
        Wire::Grpc => grpc(accept, connection, calls, newcomer, silence, stop).await,
        Wire::Lane => lane(accept, connection, calls, newcomer, silence, stop).await,
    }
}

/// Serves HTTP/2.
async fn grpc(
    accept: &Accept,
    connection: Prefaced<Connection>,
    mut calls: Calls,
    newcomer: Newcomer,
    mut silence: Pin<&mut impl Future<Output = &'static str>>,
    stop: &CancellationToken,
) {
    let peer = connection.inner().peer().clone();
    calls
        .peer
        .attach(Arc::new(Caller::Grpc(Arc::new(Stands::default()))));
    let io = Opening::new(connection, newcomer);
    // TCP clients send a host and a port, which HTTP/2 takes as it is.
    let heals = accept.heal && peer.transport != Transport::Tcp;
    let io = if heals {
        Healed::new(io)
    } else {
        Healed::passive(io)
    };
    let mut connection = pin!(http2(&accept.limits).serve_connection(TokioIo::new(io), calls));
    let outcome = tokio::select! {
        outcome = &mut connection => outcome,
        why = &mut silence => {
            tracing::info!(%peer, why, "closed a connection that did not finish its greeting");
            return;
        }
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "the connection ended with an error");
    }
}

/// Serves the lane.
async fn lane(
    accept: &Accept,
    connection: Prefaced<Connection>,
    calls: Calls,
    newcomer: Newcomer,
    mut silence: Pin<&mut impl Future<Output = &'static str>>,
    stop: &CancellationToken,
) {
    let (first, connection) = connection.into_parts();
    let peer = connection.peer().clone();
    let (shared, driver) = lane::acceptor(connection, &first, calls);
    let limits = &accept.limits;
    let driver = driver
        .when_greeted(newcomer)
        .keepalive(limits.keepalive_interval, limits.keepalive_timeout);
    // What is seldom woken by itself is apart, so that a call does not ask it each time.
    let ends = async {
        tokio::select! {
            why = &mut silence => Some(why),
            () = stop.cancelled() => None,
        }
    };
    let mut driver = pin!(driver);
    let ended = tokio::select! {
        ended = &mut driver => ended,
        why = ends => match why {
            Some(why) => {
                tracing::info!(%peer, why, "closed a connection that did not finish its greeting");
                return;
            }
            None => {
                shared.go_away();
                driver.await
            }
        },
    };
    match ended {
        lane::Ended::Violated(violation) => {
            tracing::warn!(%peer, %violation, "closed a connection whose peer broke a rule");
        }
        how => tracing::debug!(%peer, %how, "the connection ended"),
    }
}

/// The lane says by itself who its peer is.
impl lane::Serve for Calls {
    type Answer = StackBody;
    type Direct = DirectCall<Stages>;

    fn direct(
        &self,
        arrived: lane::Arrived,
        origin: &lane::Origin,
    ) -> Result<Self::Direct, lane::Arrived> {
        self.stack.direct(arrived, origin, Some(&self.session))
    }
}

impl Service<Request<RequestBody>> for Calls {
    type Response = Response<StackBody>;
    type Error = Infallible;
    type Future = <Stack as Service<Request<RequestBody>>>::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.stack.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        request.extensions_mut().insert(self.session.clone());
        self.stack.call(request)
    }
}

/// What a client hosts has no server's connection to tell of.
impl lane::Serve for Stack {
    type Answer = StackBody;
    type Direct = DirectCall<Stages>;

    fn direct(
        &self,
        arrived: lane::Arrived,
        origin: &lane::Origin,
    ) -> Result<Self::Direct, lane::Arrived> {
        Self::direct(self, arrived, origin, None)
    }
}

/// What serves the calls of one connection, of a server or of a client that hosts.
pub(crate) fn stack(
    router: &Router,
    calls: &Arc<calls::Calls>,
    limits: &Limits,
    refusal: Option<Arc<str>>,
) -> Stack {
    let admit = Admit {
        router: router.clone(),
        calls: Arc::clone(calls),
        refusal,
    };
    let idle = Idle {
        limit: limits.stream_idle,
    };
    let deadline = Deadline {
        unary: limits.unary_deadline,
    };
    let inner = (deadline, (Propagate, (CatchPanic, Trail)));
    Layered::new((admit, (idle, inner)), router.clone())
}

fn http2(limits: &Limits) -> hyper::server::conn::http2::Builder<TokioExecutor> {
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .keep_alive_interval(limits.keepalive_interval)
        .keep_alive_timeout(limits.keepalive_timeout);
    builder
}

/// The calls of one connection, as either wire hands them over.
#[derive(Debug)]
struct Calls {
    stack: Stack,
    peer: Peer,
    session: Session,
}

impl hyper::service::Service<Request<Incoming>> for Calls {
    type Response = Response<StackBody>;
    type Error = Infallible;
    type Future = <Stack as Service<Request<RequestBody>>>::Future;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let mut request = request.map(RequestBody::grpc);
        request.extensions_mut().insert(self.peer.clone());
        request.extensions_mut().insert(self.session.clone());
        request.extensions_mut().insert(Wire::Grpc);
        self.stack.clone().call(request)
    }
}

/// Done, with the reason, once a newcomer has been silent for too long or another needs its room; never once it spoke.
fn silence(newcomer: &Newcomer, limit: Duration) -> impl Future<Output = &'static str> + use<> {
    let (pushed_out, spoke) = (newcomer.pushed_out(), newcomer.spoke());
    async move {
        tokio::select! {
            biased;
            () = spoke.cancelled() => std::future::pending().await,
            () = pushed_out.cancelled() => "others needed the room",
            () = tokio::time::sleep(limit) => "the time was up",
        }
    }
}
