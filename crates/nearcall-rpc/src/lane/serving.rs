//! The peer's calls: each handler is polled once in the connection's own task, and goes on in one of its own if it waits.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use nearcall_transport::Peer;
use tonic::Status;
use tower_service::Service;

use super::answering::{Answering, InTask};
use super::batch::Batch;
use super::slow::SlowMethods;
use super::state::Arrived;
use super::{Inflow, Shared};
use crate::body::RequestBody;
use crate::layer::PollEnd;
use crate::limits::FIRST_POLL_MAX;
use crate::wire::Wire;

/// What answers the peer's calls: the layers and the router of a server.
pub(crate) trait Serve:
    Service<
        Request<RequestBody>,
        Response = Response<Self::Answer>,
        Error = Infallible,
        Future: Send + Unpin + 'static,
    > + Unpin
{
    /// The body of an answer.
    type Answer: Body<Data = Bytes, Error = Status> + PollEnd + Send + Unpin + 'static;
}

impl<S, B> Serve for S
where
    S: Service<
            Request<RequestBody>,
            Response = Response<B>,
            Error = Infallible,
            Future: Send + Unpin + 'static,
        > + Unpin,
    B: Body<Data = Bytes, Error = Status> + PollEnd + Send + Unpin + 'static,
{
    type Answer = B;
}

/// Answers the calls of one peer.
#[derive(Debug)]
pub(crate) struct Serving<S> {
    service: S,
    peer: Peer,
    /// Methods whose handlers computed for long before they first waited.
    slow: SlowMethods,
    /// What is to be handed to the connection under one lock.
    answers: Vec<(u64, Batch)>,
}

impl<S: Serve> Serving<S> {
    pub(crate) fn new(service: S, peer: Peer) -> Self {
        Self {
            service,
            peer,
            slow: SlowMethods::default(),
            answers: Vec::new(),
        }
    }

    /// Begins calls, and hands the answers that are there at once to the connection.
    pub(crate) fn serve(&mut self, shared: &Arc<Shared>, arrived: &mut Vec<Arrived>) {
        let mut before = Instant::now();
        for call in arrived.drain(..) {
            let stream = call.stream;
            let path = call.call.path.clone();
            let mut answering = Answering::new(self.begin(shared, call));
            let mut batch = Batch::default();
            if self.slow.contains(&path) {
                go_on(shared, stream, batch, answering);
                continue;
            }
            // A handler that waits is polled again in its task, and wakes that.
            let noop = &mut Context::from_waker(Waker::noop());
            let _pending = answering.poll_batch(noop, &mut batch);
            if batch.ends() {
                self.answers.push((stream, batch));
            } else {
                go_on(shared, stream, batch, answering);
            }
            let now = Instant::now();
            let long = now.duration_since(before) > FIRST_POLL_MAX;
            self.slow.saw(path, long);
            if long {
                // Those who were quick do not wait for the rest.
                self.hand_over(shared);
            }
            before = now;
        }
        self.hand_over(shared);
    }

    /// The handler's future. It is made here, and so may compute here too.
    fn begin(&mut self, shared: &Arc<Shared>, arrived: Arrived) -> S::Future {
        let Arrived {
            stream,
            call,
            message,
            last,
        } = arrived;
        let (request, timeout) = call.into_request();
        let body = if last {
            Inflow::message(message)
        } else {
            shared.state().slots.entry(stream).or_default();
            Inflow::theirs(Arc::clone(shared), stream, message)
        };
        let mut request = request.map(|()| RequestBody::lane(body, timeout));
        request.extensions_mut().insert(self.peer.clone());
        request.extensions_mut().insert(Wire::Lane);
        self.service.call(request)
    }

    fn hand_over(&mut self, shared: &Shared) {
        if self.answers.is_empty() {
            return;
        }
        let mut state = shared.state();
        for (stream, batch) in self.answers.drain(..) {
            state.answer(stream, batch);
        }
        if let std::task::Poll::Ready(Err(error)) = state.poll_write() {
            state.broken = Some(error);
        }
    }
}

/// Lets a call go on in a task, which is ended when the caller gives it up.
fn go_on<F, B>(shared: &Arc<Shared>, stream: u64, batch: Batch, answering: Answering<F, B>)
where
    F: Future<Output = Result<Response<B>, Infallible>> + Send + Unpin + 'static,
    B: Body<Data = Bytes, Error = Status> + PollEnd + Send + Unpin + 'static,
{
    let mut state = shared.state();
    state.slots.entry(stream).or_default();
    if !batch.is_empty() {
        state.answer(stream, batch);
    }
    if let Some(slot) = state.slots.get_mut(&stream) {
        let task = InTask {
            shared: Arc::clone(shared),
            stream,
            answering,
        };
        slot.task = Some(tokio::spawn(task).abort_handle());
    }
}
