//! A unary call over a lane that is there: from the message to the frame, and from the frame to the answer.
//!
//! Whatever else a call may need, a connection, another wire, another try, goes the way of all calls: through
//! [`call`](super::call).

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::uri::PathAndQuery;
use nearcall_lane::{Call, End};
use nearcall_proto::direct::MessageLimits;
use nearcall_proto::table::Method;
use prost::Message;
use tonic::codec::Decoder;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use super::call::{Failure, Order, Outcome, Sending};
use super::{Channel, ResponseBody};
use crate::body::OutgoingBody;
use crate::context::Context;
use crate::lane::{Made, Whole, framing};

/// A call that was made, and what it takes to make it again.
pub(crate) struct DirectCall {
    made: Made,
    order: Order,
    path: PathAndQuery,
    headers: HeaderMap,
    /// Without gRPC's prefix.
    message: Bytes,
}

impl Channel {
    /// Makes a call, if that can be done at once; else the request is given back.
    pub(crate) fn begin_unary<M: Message>(
        &self,
        request: Request<M>,
        path: &PathAndQuery,
        method: &'static Method,
        limits: MessageLimits,
    ) -> Result<Result<DirectCall, Status>, Request<M>> {
        let lane = match self.shared.link.lane() {
            Some(lane) if lane.is_ready() => lane,
            _ => return Err(request),
        };
        let (metadata, extensions, message) = request.into_parts();
        let mut headers = metadata.into_headers();
        let shared = Arc::clone(&self.shared);
        let context = Context::current();
        let order = Order::new(shared, Some(method), &mut headers, &extensions, &context);
        let begun = order.and_then(|order| {
            let message = limits.encode(&message)?;
            let call = Call {
                path: path.clone(),
                timeout: order.deadline.map(|deadline| deadline.given),
                metadata: headers.clone(),
            };
            Ok(DirectCall {
                made: lane.make(call, message.clone(), order.deadline),
                order,
                path: path.clone(),
                headers,
                message,
            })
        });
        Ok(begun)
    }
}

impl DirectCall {
    /// Waits for the answer.
    pub(crate) async fn answer<M: Message + Default + 'static>(
        mut self,
        limits: MessageLimits,
        decoder: impl Decoder<Item = M, Error = Status> + Send + 'static,
    ) -> Result<Response<M>, Status> {
        let outcome = match poll_fn(|cx| self.made.poll_whole(cx)).await {
            Ok(whole) if self.order.is_settled_by(&whole) => return read(whole, limits),
            Ok(whole) => Ok(whole.into_response().map(ResponseBody::lane)),
            Err(failure) => Err(Failure::from(failure)),
        };
        let response = Box::pin(self.again(outcome)).await?;
        Box::pin(read_http(response, limits, decoder)).await
    }

    /// Makes the call again, if that is safe and may help.
    async fn again(self, outcome: Result<http::Response<ResponseBody>, Failure>) -> Outcome {
        let (framed, rest) = framing::with_prefix(self.message);
        let framed = match rest {
            None => framed,
            Some(rest) => [framed, rest].concat().into(),
        };
        let sending = Sending {
            path: Some(self.path),
            headers: self.headers,
            body: OutgoingBody::Message(Some(framed)),
        };
        self.order.go_on(outcome, Some(sending)).await
    }
}

/// What a whole answer says.
fn read<M: Message + Default>(whole: Whole, limits: MessageLimits) -> Result<Response<M>, Status> {
    let Whole {
        head, inbox, end, ..
    } = whole;
    let End {
        code,
        text,
        details,
        trailers,
    } = *end;
    let mut metadata = match head {
        None => trailers,
        Some(mut head) => {
            head.extend(trailers);
            *head
        }
    };
    if code != 0 {
        let code = Code::from_i32(code.into());
        // gRPC clients are not told these two as metadata.
        metadata.remove(http::header::CONTENT_TYPE);
        let metadata = MetadataMap::from_headers(metadata);
        return Err(Status::with_details_and_metadata(
            code, text, details, metadata,
        ));
    }
    let mut inbox = inbox.into_iter();
    match (inbox.next(), inbox.next()) {
        (Some(message), None) => {
            let metadata = MetadataMap::from_headers(metadata);
            let message = limits.decode(message)?;
            Ok(Response::from_parts(
                metadata,
                message,
                http::Extensions::new(),
            ))
        }
        (None, _) => Err(Status::internal("Missing response message.")),
        (Some(_), Some(_)) => Err(Status::internal("More than one response message.")),
    }
}

/// The same for an answer that came the way of all calls.
async fn read_http<M: 'static>(
    response: http::Response<ResponseBody>,
    limits: MessageLimits,
    decoder: impl Decoder<Item = M, Error = Status> + Send + 'static,
) -> Result<Response<M>, Status> {
    let (head, body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&head.headers)
        && status.code() != Code::Ok
    {
        return Err(status);
    }
    let mut messages = Streaming::new_response(decoder, body, head.status, None, limits.decoded);
    let message = messages.message().await?;
    let message = message.ok_or_else(|| Status::internal("Missing response message."))?;
    let mut headers = head.headers;
    if let Some(trailers) = messages.trailers().await? {
        headers.extend(trailers.into_headers());
    }
    let metadata = MetadataMap::from_headers(headers);
    Ok(Response::from_parts(metadata, message, head.extensions))
}
