//! One call over a channel: its deadline, its trace, and how often it is sent.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Extensions, HeaderMap, HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt;
use hyper::client::conn::http2::SendRequest;
use nearcall_lane::Call;
use nearcall_proto::table::Method;
use tokio_util::sync::DropGuard;
use tonic::{Code, Status};

use super::connect::Sender;
use super::retry::Backoff;
use super::{ResponseBody, Shared, WaitForReady};
use crate::body::OutgoingBody;
use crate::context::Context;
use crate::deadline::{Deadline, within};
use crate::lane::{self, Outgoing, Whole};
use crate::limits::RETRIES_MAX;
use crate::status::{self, Reason};
use crate::timeout;

/// What a server's log calls this client.
static USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("nearcall-rust/", env!("CARGO_PKG_VERSION")));

/// Makes a call.
pub(crate) async fn call(
    shared: Arc<Shared>,
    request: Request<tonic::body::Body>,
    context: Context,
) -> Outcome {
    let (mut parts, body) = request.into_parts();
    let method = parts.extensions.get::<&'static Method>().copied();
    let (headers, extensions) = (&mut parts.headers, &parts.extensions);
    let order = Order::new(shared, method, headers, extensions, &context)?;
    let body = match order.method {
        Some(method) if !method.client_streaming => {
            OutgoingBody::Message(Some(within(order.deadline, whole(body)).await??))
        }
        _ => OutgoingBody::Stream {
            body,
            answer: Arc::default(),
        },
    };
    let sending = Sending {
        path: parts.uri.path_and_query().cloned(),
        headers: parts.headers,
        body,
    };
    let copy = sending.copy();
    match attempt(&order, sending).await {
        Ok(response) if order.is_settled(&response) => Ok(response),
        // In a box, as below, since hardly any call needs the room.
        outcome => Box::pin(order.go_on(outcome, copy)).await,
    }
}

/// What a call came to.
pub(crate) type Outcome = Result<Response<ResponseBody>, Status>;

/// What holds for every try of a call.
pub(crate) struct Order {
    pub(crate) shared: Arc<Shared>,
    pub(crate) method: Option<&'static Method>,
    pub(crate) deadline: Option<Deadline>,
    /// Whether the call waits until the server is ready.
    wait: bool,
}

/// What follows on a try.
enum Next {
    Done(Outcome),
    /// Another try, at once or after a while.
    Again(Sending, Pause),
}

#[derive(PartialEq, Eq)]
enum Pause {
    None,
    Backoff,
}

impl Order {
    /// From a request, whose headers are given the trace of the call that is being served.
    pub(crate) fn new(
        shared: Arc<Shared>,
        method: Option<&'static Method>,
        headers: &mut HeaderMap,
        extensions: &Extensions,
        context: &Context,
    ) -> Result<Self, Status> {
        let deadline = deadline(&shared, headers, method, context);
        if let Some(deadline) = deadline.filter(|deadline| deadline.given.is_zero()) {
            return Err(deadline.exceeded());
        }
        if let Some(trace) = context.trace() {
            trace.write(headers);
        }
        let wait = extensions.get::<WaitForReady>();
        let wait = wait.map_or(shared.wait_for_ready, |WaitForReady(wait)| *wait);
        let order = Self {
            shared,
            method,
            deadline,
            wait,
        };
        if order.repeatable() {
            order.shared.retries.count();
        }
        Ok(order)
    }

    /// Whether the `.proto` says that the call may be carried out more than once.
    fn repeatable(&self) -> bool {
        self.method
            .is_some_and(|method| method.idempotency.may_repeat())
    }

    /// Whether nothing follows on an answer.
    pub(crate) fn is_settled(&self, response: &Response<ResponseBody>) -> bool {
        !self.repeatable() || !refused_before_it_began(response)
    }

    /// The same of an answer that came by the lane.
    pub(crate) fn is_settled_by(&self, whole: &Whole) -> bool {
        !self.repeatable() || whole.begun() || whole.end.code != Code::Unavailable as u16
    }

    /// Tries again as long as that is safe and may help. `copy` is the call once more, where there is a copy.
    pub(crate) async fn go_on(
        self,
        mut outcome: Result<Response<ResponseBody>, Failure>,
        mut copy: Option<Sending>,
    ) -> Outcome {
        let mut backoff: Option<Backoff> = None;
        for tries_left in (0..RETRIES_MAX).rev() {
            let (sending, pause) = match self.after(outcome, copy) {
                Next::Done(outcome) => return outcome,
                Next::Again(sending, pause) => (sending, pause),
            };
            if pause == Pause::Backoff {
                let backoff = backoff.get_or_insert_with(Backoff::new);
                within(self.deadline, backoff.wait()).await?;
            }
            // A call that is not sent again is spared the copy.
            copy = tries_left.checked_sub(1).and_then(|_| sending.copy());
            outcome = Box::pin(attempt(&self, sending)).await;
        }
        outcome.map_err(Failure::into_status)
    }

    fn after(
        &self,
        outcome: Result<Response<ResponseBody>, Failure>,
        copy: Option<Sending>,
    ) -> Next {
        let allowed = || self.repeatable() && self.shared.retries.allowed();
        let (outcome, again, pause) = match outcome {
            Err(Failure::Unsent { status, request }) => {
                let again = Some(Sending::again(*request));
                (Err(status), again, Pause::None)
            }
            Err(Failure::Refused { status }) => (Err(status), copy, Pause::None),
            Err(Failure::Lost { status }) => (Err(status), copy.filter(|_| allowed()), Pause::None),
            Err(Failure::Unreachable { status }) => {
                (Err(status), copy.filter(|_| allowed()), Pause::Backoff)
            }
            Err(Failure::Ended { status }) => (Err(status), None, Pause::None),
            Ok(response) => {
                let unavailable = !self.is_settled(&response);
                let again = copy.filter(|_| unavailable && allowed());
                (Ok(response), again, Pause::Backoff)
            }
        };
        match again {
            Some(sending) => Next::Again(sending, pause),
            None => Next::Done(outcome),
        }
    }
}

/// The earliest of what the request says, what the call being served has left, and, for unary calls where neither says
/// anything, the channel's own.
fn deadline(
    shared: &Shared,
    headers: &HeaderMap,
    method: Option<&'static Method>,
    context: &Context,
) -> Option<Deadline> {
    let asked = timeout::read(headers);
    let given = match (asked, context.remaining()) {
        (Some(asked), Some(inherited)) => Some(asked.min(inherited)),
        (asked, inherited) => asked.or(inherited),
    };
    let unary = method.is_some_and(Method::is_unary);
    let given = given.or(if unary { shared.unary_deadline } else { None })?;
    Deadline::after(given)
}

/// The one message of a call that does not stream.
async fn whole(mut body: tonic::body::Body) -> Result<Bytes, Status> {
    let first = match body.frame().await {
        Some(frame) => frame?.into_data().unwrap_or_default(),
        None => return Ok(Bytes::new()),
    };
    let mut joined: Option<BytesMut> = None;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            joined
                .get_or_insert_with(|| BytesMut::from(&first[..]))
                .extend_from_slice(&data);
        }
    }
    Ok(joined.map_or(first, BytesMut::freeze))
}

/// What is sent. A generated client knows only the path; HTTP/2 wants a scheme and an authority as well.
pub(crate) struct Sending {
    pub(crate) path: Option<PathAndQuery>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: OutgoingBody,
}

impl Sending {
    /// The same once more; none where its messages are gone once they are sent.
    fn copy(&self) -> Option<Self> {
        let OutgoingBody::Message(message) = &self.body else {
            return None;
        };
        Some(Self {
            path: self.path.clone(),
            headers: self.headers.clone(),
            body: OutgoingBody::Message(message.clone()),
        })
    }

    /// As the lane sends it.
    fn call(self, deadline: Option<Deadline>) -> (Call, Outgoing) {
        let path = self.path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let call = Call {
            path,
            timeout: deadline.map(|deadline| deadline.given),
            metadata: self.headers,
        };
        let outgoing = match self.body {
            OutgoingBody::Message(message) => Outgoing::Message(message.unwrap_or_default()),
            OutgoingBody::Stream { body, .. } => Outgoing::Stream(body),
        };
        (call, outgoing)
    }

    /// As HTTP/2 sends it.
    fn request(
        mut self,
        authority: Authority,
        deadline: Option<Deadline>,
    ) -> Request<OutgoingBody> {
        if let Some(deadline) = deadline {
            timeout::write(&mut self.headers, deadline.given);
        }
        self.headers
            .entry(header::USER_AGENT)
            .or_insert_with(|| USER_AGENT.clone());
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(authority);
        parts.path_and_query = self.path;
        let mut request = Request::new(self.body);
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = http::Version::HTTP_2;
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        *request.headers_mut() = self.headers;
        request
    }

    fn again(request: Request<OutgoingBody>) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            path: parts.uri.path_and_query().cloned(),
            headers: parts.headers,
            body,
        }
    }
}

/// Whether the server answered UNAVAILABLE with nothing before it.
fn refused_before_it_began(response: &Response<ResponseBody>) -> bool {
    response
        .headers()
        .get(Status::GRPC_STATUS)
        .is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::Unavailable)
}

/// How far a try got.
pub(crate) enum Failure {
    /// There is no connection to send it on.
    Unreachable { status: Status },
    /// It is over.
    Ended { status: Status },
    /// Not one byte of it was sent; the request is given back.
    Unsent {
        status: Status,
        request: Box<Request<OutgoingBody>>,
    },
    /// It was sent, and the server said that it did nothing with it.
    Refused { status: Status },
    /// It was sent, and what became of it is not known.
    Lost { status: Status },
}

impl Failure {
    fn into_status(self) -> Status {
        match self {
            Self::Unreachable { status }
            | Self::Ended { status }
            | Self::Unsent { status, .. }
            | Self::Refused { status }
            | Self::Lost { status } => status,
        }
    }
}

async fn attempt(order: &Order, sending: Sending) -> Result<Response<ResponseBody>, Failure> {
    let deadline = order.deadline;
    let link = &order.shared.link;
    let sender = match link.open() {
        Some(sender) => sender,
        // In a box, or every call would carry, and move about, the room that connecting needs.
        None => Box::pin(within(deadline, link.new_sender(order.wait)))
            .await
            .map_err(|status| Failure::Ended { status })?
            .map_err(|status| Failure::Unreachable { status })?,
    };
    match sender {
        // The lane looks after the deadline.
        Sender::Lane(lane) => {
            let (call, outgoing) = sending.call(deadline);
            let answer = lane.call(call, outgoing, deadline).await;
            answer
                .map(|response| response.map(ResponseBody::lane))
                .map_err(Failure::from)
        }
        Sender::Grpc {
            http2,
            authority,
            burst,
            hosts,
        } => {
            burst.join().await;
            let attempt = Box::pin(attempt_http2(http2, authority, hosts, sending, deadline));
            within(deadline, attempt)
                .await
                .unwrap_or_else(|status| Err(Failure::Ended { status }))
        }
    }
}

impl From<lane::Failure> for Failure {
    fn from(failure: lane::Failure) -> Self {
        match failure {
            lane::Failure::NotCarriedOut(status) => Self::Refused { status },
            lane::Failure::Over(status) => Self::Ended { status },
            lane::Failure::Lost(status) => Self::Lost { status },
        }
    }
}

async fn attempt_http2(
    mut http2: SendRequest<OutgoingBody>,
    authority: Authority,
    hosts: Option<Arc<DropGuard>>,
    sending: Sending,
    deadline: Option<Deadline>,
) -> Result<Response<ResponseBody>, Failure> {
    let guard = sending.body.answer_guard(hosts);
    let request = sending.request(authority, deadline);
    match http2.try_send_request(request).await {
        Ok(response) => Ok(response.map(|incoming| ResponseBody::grpc(incoming, deadline, guard))),
        Err(mut failed) => {
            let status = status::from_hyper(failed.error());
            Err(match failed.take_message() {
                Some(request) => Failure::Unsent {
                    status,
                    request: Box::new(request),
                },
                None if Reason::of(&status) == Some(Reason::Draining) => {
                    Failure::Refused { status }
                }
                None => Failure::Lost { status },
            })
        }
    }
}
