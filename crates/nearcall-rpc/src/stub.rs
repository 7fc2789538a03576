//! What the clients of generated code call through: [`Grpc`].
//!
//! A unary call over a lane that is there goes from the message to the frame without an HTTP request in between. All else
//! is tonic's own client, over the [`Channel`] or over whatever service the client was made of.

use std::any::Any;

use bytes::Bytes;
use http::Uri;
use http::uri::PathAndQuery;
use nearcall_proto::direct::MessageLimits;
use nearcall_proto::stub;
use nearcall_proto::table::Method;
use prost::Message;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codec::{Codec, CompressionEncoding, Decoder};
use tonic::codegen::tokio_stream::Stream;
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::{Request, Response, Status, Streaming};

use crate::channel::Channel;

/// Makes the calls of a generated client.
#[derive(Debug, Clone)]
pub struct Grpc<T> {
    tonic: stub::Grpc<T>,
    /// What the client was made of, where that is a channel, and nothing is to be compressed.
    channel: Option<Channel>,
    limits: MessageLimits,
}

impl<T: 'static> Grpc<T> {
    /// Calls through a service, which is mostly a [`Channel`].
    pub fn new(inner: T) -> Self {
        let channel = (&inner as &dyn Any).downcast_ref::<Channel>().cloned();
        Self {
            tonic: stub::Grpc::new(inner),
            channel,
            limits: MessageLimits::default(),
        }
    }

    /// As [`new`](Self::new), with a scheme and an authority for the requests, which a channel has no use for.
    pub fn with_origin(inner: T, origin: Uri) -> Self {
        let channel = (&inner as &dyn Any).downcast_ref::<Channel>().cloned();
        Self {
            tonic: stub::Grpc::with_origin(inner, origin),
            channel,
            limits: MessageLimits::default(),
        }
    }

    /// Compresses what is sent, which gRPC alone does.
    #[must_use]
    pub fn send_compressed(self, encoding: CompressionEncoding) -> Self {
        Self {
            tonic: self.tonic.send_compressed(encoding),
            channel: None,
            limits: self.limits,
        }
    }

    /// Takes answers that are compressed so.
    #[must_use]
    pub fn accept_compressed(self, encoding: CompressionEncoding) -> Self {
        Self {
            tonic: self.tonic.accept_compressed(encoding),
            ..self
        }
    }

    /// Takes messages of so many bytes at most.
    #[must_use]
    pub fn max_decoding_message_size(mut self, limit: usize) -> Self {
        self.limits.decoded = Some(limit);
        Self {
            tonic: self.tonic.max_decoding_message_size(limit),
            ..self
        }
    }

    /// Sends messages of so many bytes at most.
    #[must_use]
    pub fn max_encoding_message_size(mut self, limit: usize) -> Self {
        self.limits.encoded = Some(limit);
        Self {
            tonic: self.tonic.max_encoding_message_size(limit),
            ..self
        }
    }
}

impl<T> Grpc<T>
where
    T: GrpcService<Body>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
{
    /// Waits until the service takes a call; a channel always does.
    ///
    /// # Errors
    ///
    /// The service's own.
    pub async fn ready(&mut self) -> Result<(), T::Error> {
        if self.channel.is_some() {
            return Ok(());
        }
        self.tonic.ready().await
    }

    /// One message, one answer.
    ///
    /// # Errors
    ///
    /// The status of the call.
    pub async fn unary<M1, M2, C>(
        &mut self,
        request: Request<M1>,
        path: PathAndQuery,
        codec: C,
        method: &'static Method,
    ) -> Result<Response<M2>, Status>
    where
        C: Codec<Encode = M1, Decode = M2>,
        C::Decoder: Decoder<Error = Status>,
        M1: Message + 'static,
        M2: Message + Default + 'static,
    {
        let begun = match &self.channel {
            Some(channel) => channel.begin_unary(request, &path, method, self.limits),
            None => Err(request),
        };
        match begun {
            Ok(call) => {
                let mut codec = codec;
                call?.answer(self.limits, codec.decoder()).await
            }
            Err(request) => self.tonic.unary(request, path, codec, method).await,
        }
    }

    /// Messages, one answer.
    ///
    /// # Errors
    ///
    /// The status of the call.
    pub async fn client_streaming<S, M1, M2, C>(
        &mut self,
        request: Request<S>,
        path: PathAndQuery,
        codec: C,
        method: &'static Method,
    ) -> Result<Response<M2>, Status>
    where
        S: Stream<Item = M1> + Send + 'static,
        C: Codec<Encode = M1, Decode = M2>,
        M1: Send + Sync + 'static,
        M2: Send + Sync + 'static,
    {
        self.tonic
            .client_streaming(request, path, codec, method)
            .await
    }

    /// One message, answers.
    ///
    /// # Errors
    ///
    /// The status of the call, where it failed before the first answer.
    pub async fn server_streaming<M1, M2, C>(
        &mut self,
        request: Request<M1>,
        path: PathAndQuery,
        codec: C,
        method: &'static Method,
    ) -> Result<Response<Streaming<M2>>, Status>
    where
        C: Codec<Encode = M1, Decode = M2>,
        M1: Send + Sync + 'static,
        M2: Send + Sync + 'static,
    {
        self.tonic
            .server_streaming(request, path, codec, method)
            .await
    }

    /// Messages, answers.
    ///
    /// # Errors
    ///
    /// The status of the call, where it failed before the first answer.
    pub async fn streaming<S, M1, M2, C>(
        &mut self,
        request: Request<S>,
        path: PathAndQuery,
        codec: C,
        method: &'static Method,
    ) -> Result<Response<Streaming<M2>>, Status>
    where
        S: Stream<Item = M1> + Send + 'static,
        C: Codec<Encode = M1, Decode = M2>,
        M1: Send + Sync + 'static,
        M2: Send + Sync + 'static,
    {
        self.tonic.streaming(request, path, codec, method).await
    }
}
