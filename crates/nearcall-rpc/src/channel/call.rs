//! One call over a channel: its deadline, its trace, and how often it is sent.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header, request};
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
    // Pinned where it is: it is large, and each move would copy it.
    let sending = pin!(async {
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
    });
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
                Box::pin(backoff.get_or_insert_with(Backoff::new).wait()).await;
                continue;
            }
            Err(failure) => failure,
        };
        let (status, again) = match failure {
            Failure::Unsent { status, request } => (status, Some(Sending::again(*request))),
            Failure::Refused { status } => (status, copy),
            Failure::Lost { status } => (
                status,
                copy.filter(|_| repeatable && shared.retries.allowed()),
            ),
            Failure::Unreachable { status } => {
                let again = copy.filter(|_| repeatable && shared.retries.allowed());
                if again.is_some() {
                    Box::pin(backoff.get_or_insert_with(Backoff::new).wait()).await;
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

    fn request(self, authority: Authority) -> Request<OutgoingBody> {
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
    let sender = shared
        .link
        .sender(wait)
        .await
        .map_err(|status| Failure::Unreachable { status })?;
    let Sender::Grpc {
        mut http2,
        authority,
    } = sender;
    let guard = sending.body.answer_guard();
    match http2.try_send_request(sending.request(authority)).await {
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
