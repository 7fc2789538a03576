//! What the clients of generated code call through.

use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codec::{Codec, CompressionEncoding};
use tonic::codegen::http::Uri;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::tokio_stream::Stream;
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::{GrpcMethod, Request, Response, Status, Streaming};

use crate::table::Method;

/// tonic's client, whose calls carry the row of their method in the request's extensions, beside tonic's own
/// `GrpcMethod`.
#[derive(Debug, Clone)]
pub struct Grpc<T>(tonic::client::Grpc<T>);

impl<T> Grpc<T> {
    /// Calls through a service.
    pub fn new(inner: T) -> Self {
        Self(tonic::client::Grpc::new(inner))
    }

    /// As [`new`](Self::new), with a scheme and an authority for the requests.
    pub fn with_origin(inner: T, origin: Uri) -> Self {
        Self(tonic::client::Grpc::with_origin(inner, origin))
    }

    /// Compresses what is sent, if tonic was built with that encoding.
    #[must_use]
    pub fn send_compressed(self, encoding: CompressionEncoding) -> Self {
        Self(self.0.send_compressed(encoding))
    }

    /// Takes answers that are compressed so.
    #[must_use]
    pub fn accept_compressed(self, encoding: CompressionEncoding) -> Self {
        Self(self.0.accept_compressed(encoding))
    }

    /// Takes messages of so many bytes at most.
    #[must_use]
    pub fn max_decoding_message_size(self, limit: usize) -> Self {
        Self(self.0.max_decoding_message_size(limit))
    }

    /// Sends messages of so many bytes at most.
    #[must_use]
    pub fn max_encoding_message_size(self, limit: usize) -> Self {
        Self(self.0.max_encoding_message_size(limit))
    }
}

impl<T> Grpc<T>
where
    T: GrpcService<Body>,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
{
    /// Waits until the service takes a call.
    ///
    /// # Errors
    ///
    /// The service's own.
    pub async fn ready(&mut self) -> Result<(), T::Error> {
        self.0.ready().await
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
        M1: Send + Sync + 'static,
        M2: Send + Sync + 'static,
    {
        self.0.unary(marked(request, method), path, codec).await
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
        let request = marked(request, method);
        self.0.client_streaming(request, path, codec).await
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
        let request = marked(request, method);
        self.0.server_streaming(request, path, codec).await
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
        let request = marked(request, method);
        self.0.streaming(request, path, codec).await
    }
}

fn marked<M>(mut request: Request<M>, method: &'static Method) -> Request<M> {
    let extensions = request.extensions_mut();
    extensions.insert(GrpcMethod::new(method.service, method.name));
    extensions.insert(method);
    request
}
