//! Unary methods carried out on bytes, without an HTTP request around them: what a wire that is no HTTP calls.

use std::future::Future;
use std::pin::Pin;

use prost::Message;
use prost::bytes::Bytes;
use tonic::{Request, Response, Status};

/// The encoded answer of a handler.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Status>> + Send>>;

/// A generated server, as the wires call it that have no use for HTTP.
pub trait Direct: Send + Sync {
    /// Carries out a unary method, named by its place in the table. None where the method streams, or is not there.
    fn unary(&self, method: usize, request: Request<Bytes>) -> Option<Answer>;
}

/// How many bytes a message may have that a server takes where nothing else is said: tonic's own default.
pub const DECODED_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// The most bytes of a message that is taken, and of one that is sent; none is tonic's default.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessageLimits {
    /// Of one that is taken.
    pub decoded: Option<usize>,
    /// Of one that is sent.
    pub encoded: Option<usize>,
}

impl MessageLimits {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// OUT_OF_RANGE where it is too long, INTERNAL where it is no such message, as with tonic.
    pub fn decode<M: Message + Default>(&self, bytes: Bytes) -> Result<M, Status> {
        let limit = self.decoded.unwrap_or(DECODED_BYTES_MAX);
        if bytes.len() > limit {
            return Err(Status::out_of_range(format!(
                "Error, decoded message length too large: found {} bytes, the limit is: {limit} bytes",
                bytes.len()
            )));
        }
        M::decode(bytes).map_err(|error| Status::internal(error.to_string()))
    }

    /// Writes a message.
    ///
    /// # Errors
    ///
    /// OUT_OF_RANGE where it is too long, as with tonic.
    pub fn encode<M: Message>(&self, message: &M) -> Result<Bytes, Status> {
        let bytes = message.encode_to_vec();
        match self.encoded {
            Some(limit) if bytes.len() > limit => Err(Status::out_of_range(format!(
                "Error, encoded message length too large: found {} bytes, the limit is: {limit} bytes",
                bytes.len()
            ))),
            _ => Ok(bytes.into()),
        }
    }
}

/// Decodes a request, hands it to a handler, and encodes the answer.
pub fn answer<Q, A, F>(
    request: Request<Bytes>,
    limits: MessageLimits,
    handler: impl FnOnce(Request<Q>) -> F + Send + 'static,
) -> Answer
where
    Q: Message + Default,
    A: Message,
    F: Future<Output = Result<Response<A>, Status>> + Send,
{
    Box::pin(async move {
        let (metadata, extensions, bytes) = request.into_parts();
        let request = Request::from_parts(metadata, extensions, limits.decode(bytes)?);
        let (metadata, message, extensions) = handler(request).await?.into_parts();
        let bytes = limits.encode(&message)?;
        Ok(Response::from_parts(metadata, bytes, extensions))
    })
}
