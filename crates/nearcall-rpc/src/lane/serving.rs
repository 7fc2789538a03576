//! The peer's calls: each handler is polled once in the connection's own task, and goes on in one of its own if it waits.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};

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
    slow: SlowMethods,
}

/// What became of a call at once.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) stream: u64,
    /// The whole answer, or none where the call goes on in a task.
    pub(crate) answer: Option<Batch>,
    /// Whether it took so long that those who were quick should not wait for the rest.
    pub(crate) long: bool,
}

impl<S: Serve> Serving<S> {
    pub(crate) fn new(service: S, peer: Peer) -> Self {
        Self {
            service,
            peer,
            slow: SlowMethods::default(),
        }
    }

    /// Begins a call.
    pub(crate) fn serve(&mut self, shared: &Arc<Shared>, arrived: Arrived) -> Begun {
        let stream = arrived.stream;
        let path = arrived.call.path.clone();
        let measured = self.slow.measure(&path);
        let mut answering = Answering::new(self.begin(shared, arrived));
        let mut batch = Batch::default();
        // Who computes for long does so elsewhere.
        if !self.slow.contains(&path) {
            // A handler that waits is polled again in its task, and wakes that.
            let noop = &mut Context::from_waker(Waker::noop());
            let _pending = answering.poll_batch(noop, &mut batch);
        }
        let long = self.slow.saw(&path, &measured);
        let answer = if batch.ends() {
            Some(batch)
        } else {
            go_on(shared, stream, batch, answering);
            None
        };
        Begun {
            stream,
            answer,
            long,
        }
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
