//! The peer's calls: each handler is polled once in the connection's own task, and goes on in one of its own if it waits.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use nearcall_transport::Peer;
use tonic::Status;
use tower_service::Service;

use super::answering::{Answering, Answers, InTask};
use super::batch::Batch;
use super::slow::SlowMethods;
use super::state::Arrived;
use super::{Inflow, Shared};
use crate::body::RequestBody;
use crate::layer::PollEnd;
use crate::wire::Wire;

/// Whom the calls of a connection are from, and on which wire they came.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) peer: Peer,
    pub(crate) wire: Wire,
}

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

    /// A call that is carried out without HTTP.
    type Direct: Answers + Send + Unpin + 'static;

    /// Begins a call without HTTP, if it is one that can be carried out so; else it is given back.
    fn direct(&self, arrived: Arrived, origin: &Origin) -> Result<Self::Direct, Arrived>;
}

/// Answers the calls of one peer.
#[derive(Debug)]
pub(crate) struct Serving<S> {
    service: S,
    origin: Origin,
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
    pub(crate) fn new(service: S, origin: Origin) -> Self {
        Self {
            service,
            origin,
            slow: SlowMethods::default(),
        }
    }

    /// Begins a call.
    pub(crate) fn serve(&mut self, shared: &Arc<Shared>, arrived: Arrived) -> Begun {
        let stream = arrived.stream;
        let path = arrived.call.path.clone();
        let measured = self.slow.measure(&path);
        let at_once = !self.slow.contains(&path);
        let answer = match self.service.direct(arrived, &self.origin) {
            Ok(call) => poll_first(shared, stream, call, at_once),
            Err(arrived) => {
                let call = Answering::new(self.begin(shared, arrived));
                poll_first(shared, stream, call, at_once)
            }
        };
        let long = self.slow.saw(&path, &measured);
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
            // Messages that came with the same bytes are there already.
            let mut state = shared.state();
            let slot = state.slots.entry(stream).or_default();
            message
                .into_iter()
                .for_each(|message| slot.inbox.push_front(message));
            Inflow::theirs(Arc::clone(shared), stream)
        };
        let mut request = request.map(|()| RequestBody::lane(body, timeout));
        request.extensions_mut().insert(self.origin.peer.clone());
        request.extensions_mut().insert(self.origin.wire);
        self.service.call(request)
    }
}

/// Polls a call a first time, unless its handler computes for long; what it does not end by that goes on in a task, which
/// is ended when the caller gives the call up.
fn poll_first<A>(
    shared: &Arc<Shared>,
    stream: u64,
    mut answering: A,
    at_once: bool,
) -> Option<Batch>
where
    A: Answers + Send + Unpin + 'static,
{
    let mut batch = Batch::default();
    if at_once {
        // A handler that waits is polled again in its task, and wakes that.
        let noop = &mut Context::from_waker(Waker::noop());
        let _pending = answering.poll_batch(noop, &mut batch);
    }
    if batch.ends() {
        return Some(batch);
    }
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
    None
}
