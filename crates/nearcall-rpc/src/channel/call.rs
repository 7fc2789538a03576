//! One call over a channel: its deadline, its trace, and how often it is sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri, header, request};
use http_body_util::BodyExt;
use nearcall_proto::table::Method;
use tonic::{Code, Status};

use super::connect::Sender;
use super::retry::Backoff;
use super::{ResponseBody, Shared, WaitForReady};
use crate::body::OutgoingBody;
use crate::context::Context;
use crate::limits::RETRIES_MAX;
use crate::status::{self, Reason};
use crate::timeout;

/// What a server's log calls this client.
static USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("nearcall-rust/", env!("CARGO_PKG_VERSION")));

/// When a call ends at the latest, and how long that was when it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    given: Duration,
}

impl Deadline {
    pub(crate) fn exceeded(&self) -> Status {
        let text = format!(
            "no answer within the {:?} that the call was given",
            self.given
        );
        Reason::DeadlineExceeded.status(text)
    }
}

/// Makes a call.
pub(crate) async fn call(
    shared: Arc<Shared>,
    request: Request<tonic::body::Body>,
    context: Context,
) -> Result<Response<ResponseBody>, Status> {
    let (mut parts, body) = request.into_parts();
    let method = parts.extensions.get::<&'static Method>().copied();
    let deadline = deadline(&shared, &parts, method, &context);
    if let Some(deadline) = &deadline {
        if deadline.given.is_zero() {
            return Err(deadline.exceeded());
        }
        timeout::write(&mut parts.headers, deadline.given);
    }
    if let Some(trace) = context.trace() {
        trace.write(&mut parts.headers);
    }
    parts
        .headers
        .entry(header::USER_AGENT)
        .or_insert_with(|| USER_AGENT.clone());
    let sending = async {
        let body = match method {
            Some(method) if !method.client_streaming => {
                OutgoingBody::Message(Some(whole(body).await?))
            }
            _ => OutgoingBody::Stream {
                body,
                answer: Arc::default(),
            },
        };
        send(&shared, parts, body, method, deadline).await
    };
    match deadline {
        None => sending.await,
        Some(deadline) => match tokio::time::timeout_at(deadline.at.into(), sending).await {
            Ok(outcome) => outcome,
            Err(_) => Err(deadline.exceeded()),
        },
    }
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
    Instant::now()
        .checked_add(given)
        .map(|at| Deadline { at, given })
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
    mut parts: request::Parts,
    mut body: OutgoingBody,
    method: Option<&'static Method>,
    deadline: Option<Deadline>,
) -> Result<Response<ResponseBody>, Status> {
    let wait = parts
        .extensions
        .get::<WaitForReady>()
        .map_or(shared.wait_for_ready, |WaitForReady(wait)| *wait);
    let repeatable = method.is_some_and(|method| method.idempotency.may_repeat());
    if repeatable {
        shared.retries.count();
    }
    let mut backoff = None;
    for tries_left in (0..=RETRIES_MAX).rev() {
        // A call that is not sent again is spared the copy.
        let copy = tries_left.checked_sub(1).and_then(|_| copy(&parts, &body));
        let failure = match attempt(shared, parts, body, deadline, wait).await {
            Ok(response) => {
                let unavailable = repeatable && refused_before_it_began(&response);
                match copy {
                    Some(copy) if unavailable && shared.retries.allowed() => (parts, body) = copy,
                    _ => return Ok(response),
                }
                backoff.get_or_insert_with(Backoff::new).wait().await;
                continue;
            }
            Err(failure) => failure,
        };
        let (status, again) = match failure {
            Failure::Unsent { status, request } => (status, Some(request.into_parts())),
            Failure::Refused { status } => (status, copy),
            Failure::Lost { status } => (
                status,
                copy.filter(|_| repeatable && shared.retries.allowed()),
            ),
            Failure::Unreachable { status } => {
                let again = copy.filter(|_| repeatable && shared.retries.allowed());
                if again.is_some() {
                    backoff.get_or_insert_with(Backoff::new).wait().await;
                }
                (status, again)
            }
        };
        match again {
            Some(again) if tries_left > 0 => (parts, body) = again,
            _ => return Err(status),
        }
    }
    Err(Reason::ConnectionLost
        .status("the call was sent as often as it may be, and never answered"))
}

/// What is needed to send a call again; none where its messages are gone once they are sent.
fn copy(parts: &request::Parts, body: &OutgoingBody) -> Option<(request::Parts, OutgoingBody)> {
    match body {
        OutgoingBody::Message(message) => {
            Some((parts.clone(), OutgoingBody::Message(message.clone())))
        }
        OutgoingBody::Stream { .. } => None,
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
    parts: request::Parts,
    body: OutgoingBody,
    deadline: Option<Deadline>,
    wait: bool,
) -> Result<Response<ResponseBody>, Failure> {
    let sender = shared
        .link
        .sender(wait)
        .await
        .map_err(|status| Failure::Unreachable { status })?;
    let Sender::Grpc {
        mut http2,
        authority,
    } = sender;
    let guard = body.answer_guard();
    let mut request = Request::from_parts(parts, body);
    *request.uri_mut() = absolute(request.uri(), authority);
    match http2.try_send_request(request).await {
        Ok(response) => Ok(response.map(|incoming| ResponseBody::new(incoming, deadline, guard))),
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

/// HTTP/2 wants a scheme and an authority; a generated client knows only the path.
fn absolute(uri: &Uri, authority: Authority) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}
