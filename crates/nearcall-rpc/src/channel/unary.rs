//! A call with one message over a lane that is there: what nearly every call is, in a future that is small.
//!
//! Whatever else a call may need, a connection, a wire that has no messages, another try, is in [`call`](super::call).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker, ready};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Request};
use http_body::{Body as _, Frame};
use nearcall_lane::Call;
use nearcall_proto::table::Method;
use tonic::Status;
use tonic::body::Body;

use super::call::{Failure, Order, Outcome, Sending};
use super::{ResponseBody, Shared};
use crate::body::OutgoingBody;
use crate::context::Context;
use crate::lane::{Lane, Made, framing};

/// One call, and what it takes to make it again.
pub(crate) struct Unary {
    made: Made,
    /// None once it was taken.
    again: Option<(Order, Sending)>,
    /// The call made again.
    retry: Option<Pin<Box<dyn Future<Output = Outcome> + Send>>>,
}

/// Why a call is not made here.
pub(crate) enum NotHere {
    /// It is of another kind, or has to wait for something.
    Elsewhere(Request<Body>),
    /// It is over before it began.
    Over(Status),
}

/// Makes the call, if that can be done at once.
pub(crate) fn begin(shared: &Arc<Shared>, request: Request<Body>) -> Result<Unary, NotHere> {
    let Some(lane) = lane_for(shared, &request) else {
        return Err(NotHere::Elsewhere(request));
    };
    let (mut parts, body) = request.into_parts();
    let message = match message(body) {
        Ok(message) => message,
        Err(Ok(body)) => return Err(NotHere::Elsewhere(Request::from_parts(parts, body))),
        Err(Err(status)) => return Err(NotHere::Over(status)),
    };
    if !lane.is_ready() {
        let request = Request::from_parts(parts, Body::new(Rejoined::new(message, None)));
        return Err(NotHere::Elsewhere(request));
    }
    // What generated code always sends means nothing here, and without it there is mostly nothing to copy.
    if parts.headers.keys().all(nearcall_lane::is_reserved) {
        parts.headers = HeaderMap::new();
    }
    let order = Order::new(Arc::clone(shared), &mut parts, &Context::current());
    let order = order.map_err(NotHere::Over)?;
    let path = parts.uri.path_and_query().cloned();
    let call = Call {
        path: path.clone().unwrap_or_else(|| PathAndQuery::from_static("/")),
        timeout: order.deadline.map(|deadline| deadline.given),
        metadata: parts.headers.clone(),
    };
    let sending = Sending {
        path,
        headers: parts.headers,
        body: OutgoingBody::Message(Some(message.clone())),
    };
    Ok(Unary {
        made: lane.make(call, message, order.deadline),
        again: Some((order, sending)),
        retry: None,
    })
}

/// The lane, for a method that sends one message.
fn lane_for(shared: &Shared, request: &Request<Body>) -> Option<Lane> {
    let method = request.extensions().get::<&'static Method>()?;
    (!method.client_streaming).then(|| shared.link.lane())?
}

/// The one message, with its prefix; the body, where that is not all there yet.
fn message(mut body: Body) -> Result<Bytes, Result<Body, Status>> {
    let mut cx = TaskContext::from_waker(Waker::noop());
    let data = match Pin::new(&mut body).poll_frame(&mut cx) {
        Poll::Pending => return Err(Ok(body)),
        Poll::Ready(None) => return Ok(Bytes::new()),
        Poll::Ready(Some(Err(status))) => return Err(Err(status)),
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
    };
    if framing::is_whole(&data) {
        Ok(data)
    } else {
        Err(Ok(Body::new(Rejoined::new(data, Some(body)))))
    }
}

impl Future for Unary {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        if let Some(retry) = &mut self.retry {
            return retry.as_mut().poll(cx);
        }
        let answer = ready!(Pin::new(&mut self.made).poll(cx));
        let outcome = answer
            .map(|response| response.map(ResponseBody::lane))
            .map_err(Failure::from);
        let Some((order, sending)) = self.again.take() else {
            return Poll::Pending;
        };
        match outcome {
            Ok(response) if order.is_settled(&response) => Poll::Ready(Ok(response)),
            outcome => {
                let retry = Box::pin(order.go_on(outcome, Some(sending)));
                self.retry.insert(retry).as_mut().poll(cx)
            }
        }
    }
}

/// The first bytes of a body, then the rest of it.
struct Rejoined {
    first: Option<Bytes>,
    rest: Option<Body>,
}

impl Rejoined {
    const fn new(first: Bytes, rest: Option<Body>) -> Self {
        let first = Some(first);
        Self { first, rest }
    }
}

impl http_body::Body for Rejoined {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }
}
