//! Calls by path, with messages as bytes: for callers that learn at run time what a service offers, such as a command
//! line, a bridge or another language.
//!
//! Generated clients are the better choice wherever the `.proto` is known. All four kinds of call are one here: a
//! stream of messages goes out, a stream comes back; [`unary`] is the short form for one and one. [`RawService`] is the
//! other side: it answers such calls.
//!
//! ```
//! # async fn example<T>(channel: T) -> Result<(), tonic::Status>
//! # where
//! #     T: tonic::client::GrpcService<tonic::body::Body>,
//! #     T::ResponseBody: http_body::Body + Send + 'static,
//! #     <T::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError>,
//! # {
//! use bytes::Bytes;
//! use nearcall_rpc::raw::{self, CallOptions, MethodPath};
//!
//! let multiply = MethodPath::new("arith.v1.Arith", "Multiply").expect("both are names");
//! let factors = Bytes::from_static(&[0x08, 17, 0x10, 8]);
//! let request = tonic::Request::new(factors);
//! let product = raw::unary(channel, &multiply, request, CallOptions::default()).await?;
//! assert_eq!(product.into_inner(), Bytes::from_static(&[0x08, 136, 0x01]));
//! # Ok(())
//! # }
//! ```

mod codec;
mod over_limit;
mod path;
mod replies;
mod serve;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tokio_stream::{Stream, StreamExt as _};
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};
use tonic::codegen::StdError;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

pub use codec::BytesCodec;
pub use over_limit::{Direction, OverLimit};
pub use path::{MethodPath, MethodPathError};
pub use replies::Replies;
pub use serve::{Answering, Messages, RawService};

use over_limit::Watch;

/// Limit: bytes of one message that a call sends or takes when nothing else is said; what gRPC libraries of other
/// languages take by default.
pub const MESSAGE_MAX: usize = 4 * 1024 * 1024;

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallOptions {
    /// When to give up, counted from the start of the call to its last message. The server is told. Default: never.
    pub deadline: Option<Duration>,
    /// The longest message in either direction, in bytes. Default: [`MESSAGE_MAX`].
    pub message_max: usize,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            deadline: None,
            message_max: MESSAGE_MAX,
        }
    }
}

impl CallOptions {
    /// Gives up after `deadline`.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Takes and sends messages of at most `bytes`.
    #[must_use]
    pub const fn message_max(mut self, bytes: usize) -> Self {
        self.message_max = bytes;
        self
    }
}

/// Calls any method: `requests` is pulled as fast as the server takes it, while the answers are read.
///
/// It returns when the answer's headers are here, which a server may send only with its first message. A caller that
/// waits for this before it feeds `requests` may therefore wait for ever: feed them from elsewhere. Dropping the future
/// or the [`Replies`] cancels the call.
///
/// # Errors
///
/// The status of a call that failed before its first message; what fails later is found in [`Replies::message`]. A
/// message over the limit is `RESOURCE_EXHAUSTED` whose source is an [`OverLimit`].
pub async fn call<T, S>(
    channel: T,
    path: &MethodPath,
    mut requests: Request<S>,
    options: CallOptions,
) -> Result<Response<Replies>, Status>
where
    T: GrpcService<Body>,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
    S: Stream<Item = Bytes> + Send + 'static,
{
    if let Some(deadline) = options.deadline {
        requests.set_timeout(deadline);
    }
    // A deadline too far away for the clock is none.
    let ends = options
        .deadline
        .and_then(|deadline| Some((deadline, Instant::now().checked_add(deadline)?)));
    let watch = Watch::new(options.message_max);
    let requests = {
        let watch = watch.clone();
        requests.map(|stream| {
            stream.map(move |message| {
                watch.sent(message.len());
                message
            })
        })
    };

    let mut grpc = Grpc::new(channel)
        .max_decoding_message_size(options.message_max)
        .max_encoding_message_size(options.message_max);
    let answered = async {
        grpc.ready()
            .await
            .map_err(|error| Status::from_error(error.into()))?;
        grpc.streaming(requests, path.to_path_and_query(), BytesCodec)
            .await
            .map_err(|status| watch.explain(status))
    };
    let response = match ends {
        None => answered.await?,
        Some((deadline, at)) => tokio::time::timeout_at(at, answered)
            .await
            .map_err(|_| replies::too_late(deadline))??,
    };
    Ok(response.map(|stream| Replies::new(stream, ends, watch)))
}

/// Calls a method that takes one message and answers with one.
///
/// # Errors
///
/// The status of the call; `INTERNAL` when the server answers with no message or with more than one.
pub async fn unary<T>(
    channel: T,
    path: &MethodPath,
    request: Request<Bytes>,
    options: CallOptions,
) -> Result<Response<Bytes>, Status>
where
    T: GrpcService<Body>,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
{
    let request = request.map(tokio_stream::once);
    let (metadata, mut replies, extensions) =
        call(channel, path, request, options).await?.into_parts();
    let Some(message) = replies.message().await? else {
        return Err(Status::internal(format!(
            "expected one message in answer to {path}, found none"
        )));
    };
    if replies.message().await?.is_some() {
        return Err(Status::internal(format!(
            "expected one message in answer to {path}, found more: the method streams"
        )));
    }
    let mut headers = metadata.into_headers();
    if let Some(trailers) = replies.trailers().await? {
        headers.extend(trailers.into_headers());
    }
    let metadata = MetadataMap::from_headers(headers);
    Ok(Response::from_parts(metadata, message, extensions))
}
