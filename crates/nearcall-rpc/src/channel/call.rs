//! One call over a channel: its deadline, its trace, and how often it is sent.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header, request};
use http_body_util::BodyExt;
use hyper::client::conn::http2::SendRequest;
use nearcall_lane::Call;
use nearcall_proto::table::Method;
use tonic::{Code, Status};

use super::connect::Sender;
use super::retry::Backoff;
use super::{ResponseBody, Shared, WaitForReady};
use crate::body::OutgoingBody;
use crate::context::Context;
use crate::deadline::{Deadline, within};
use crate::lane::{self, Outgoing};
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
) -> Result<Response<ResponseBody>, Status> {
    let (mut parts, body) = request.into_parts();
    let method = parts.extensions.get::<&'static Method>().copied();
    let deadline = deadline(&shared, &parts, method, &context);
    if let Some(deadline) = deadline.filter(|deadline| deadline.given.is_zero()) {
        return Err(deadline.exceeded());
    }
    if let Some(trace) = context.trace() {
        trace.write(&mut parts.headers);
    }
    let body = match method {
        Some(method) if !method.client_streaming => {
            OutgoingBody::Message(Some(within(deadline, whole(body)).await??))
        }
        _ => OutgoingBody::Stream {
            body,
            answer: Arc::default(),
        },
    };
    send(&shared, parts, body, method, deadline).await
}

/// The earliest of what the request says, what the call being served has left, and, for unary calls where neither says
/// anything, the channel's own.
fn deadline(
    shared: &Shared,
    parts: &request::Parts,
    method: Option<&'static Method>,
    context: &Context,
) -> Option<Deadline> {
    let asked = timeout::read(&parts.headers);
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

/// Sends a call, again where that is safe.
async fn send(
    shared: &Shared,
    parts: request::Parts,
    body: OutgoingBody,
    method: Option<&'static Method>,
    deadline: Option<Deadline>,
) -> Result<Response<ResponseBody>, Status> {
    let wait = parts
        .extensions
        .get::<WaitForReady>()
        .map_or(shared.wait_for_ready, |WaitForReady(wait)| *wait);
    let mut sending = Sending {
        path: parts.uri.path_and_query().cloned(),
        headers: parts.headers,
        body,
    };
    let repeatable = method.is_some_and(|method| method.idempotency.may_repeat());
    if repeatable {
        shared.retries.count();
    }
    let mut backoff: Option<Backoff> = None;
    for tries_left in (0..=RETRIES_MAX).rev() {
        // A call that is not sent again is spared the copy.
        let copy = tries_left.checked_sub(1).and_then(|_| sending.copy());
        let failure = match attempt(shared, sending, deadline, wait).await {
            Ok(response) => {
                let unavailable = repeatable && refused_before_it_began(&response);
                match copy {
                    Some(copy) if unavailable && shared.retries.allowed() => sending = copy,
                    _ => return Ok(response),
                }
                wait_for_next(&mut backoff, deadline).await?;
                continue;
            }
            Err(failure) => failure,
        };
        let (status, again) = match failure {
            Failure::Ended { status } => (status, None),
            Failure::Unsent { status, request } => (status, Some(Sending::again(*request))),
            Failure::Refused { status } => (status, copy),
            Failure::Lost { status } => (
                status,
                copy.filter(|_| repeatable && shared.retries.allowed()),
            ),
            Failure::Unreachable { status } => {
                let again = copy.filter(|_| repeatable && shared.retries.allowed());
                if again.is_some() {
                    wait_for_next(&mut backoff, deadline).await?;
                }
                (status, again)
            }
        };
        match again {
            Some(again) if tries_left > 0 => sending = again,
            _ => return Err(status),
        }
    }
    Err(Reason::ConnectionLost
        .status("the call was sent as often as it may be, and never answered"))
}

async fn wait_for_next(
    backoff: &mut Option<Backoff>,
    deadline: Option<Deadline>,
) -> Result<(), Status> {
    let backoff = backoff.get_or_insert_with(Backoff::new);
    // In a box, or every call would carry the room for it.
    Box::pin(within(deadline, backoff.wait())).await
}

/// What is sent. A generated client knows only the path; HTTP/2 wants a scheme and an authority as well.
struct Sending {
    path: Option<PathAndQuery>,
    headers: HeaderMap,
    body: OutgoingBody,
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

/// How far a call got.
enum Failure {
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

async fn attempt(
    shared: &Shared,
    sending: Sending,
    deadline: Option<Deadline>,
    wait: bool,
) -> Result<Response<ResponseBody>, Failure> {
    let sender = match shared.link.open() {
        Some(sender) => sender,
        // In a box, or every call would carry, and move about, the room that connecting needs.
        None => Box::pin(within(deadline, shared.link.new_sender(wait)))
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
        Sender::Grpc { http2, authority } => {
            let attempt = attempt_http2(http2, authority, sending, deadline);
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
    sending: Sending,
    deadline: Option<Deadline>,
) -> Result<Response<ResponseBody>, Failure> {
    let guard = sending.body.answer_guard();
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
