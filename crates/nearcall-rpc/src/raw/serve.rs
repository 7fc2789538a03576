//! The other side of a call by path: answering one, with messages as bytes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio_stream::Stream;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::server::{Grpc, StreamingService};
use tonic::{Request, Response, Status, Streaming};
use tower_service::Service;

use super::{BytesCodec, MethodPath, MethodPathError};
use crate::body::RequestBody;
use crate::status::Reason;

/// The messages of an answer. An error ends the call with its status; one with the code OK ends it well, and its
/// metadata are the trailers.
pub type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// An answer in the making.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response<Messages>, Status>> + Send>>;

type Answer = Arc<dyn Fn(Request<Streaming<Bytes>>) -> Answering + Send + Sync>;

/// A service whose methods are named as the program runs, and whose messages stay bytes.
#[derive(Debug, Clone)]
pub struct RawService {
    name: String,
    methods: BTreeMap<String, Method>,
    file_descriptor_set: Option<Bytes>,
}

#[derive(Clone)]
struct Method {
    streaming: bool,
    answer: Answer,
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Method")
            .field("streaming", &self.streaming)
            .finish_non_exhaustive()
    }
}

impl RawService {
    /// A service without methods, by its full name (`arith.v1.Arith`).
    ///
    /// # Errors
    ///
    /// [`MethodPathError`] when the name is not one that protobuf allows.
    pub fn new(name: impl Into<String>) -> Result<Self, MethodPathError> {
        let name = name.into();
        MethodPath::new(&name, "Any")?;
        Ok(Self {
            name,
            methods: BTreeMap::new(),
            file_descriptor_set: None,
        })
    }

    /// Adds a method; one of the same name is replaced. A method that streams in either direction counts as a stream
    /// in the server's limits and has no deadline but the caller's.
    ///
    /// # Errors
    ///
    /// [`MethodPathError`] when the name is not one that protobuf allows.
    pub fn method<F>(
        mut self,
        name: impl Into<String>,
        streaming: bool,
        answer: F,
    ) -> Result<Self, MethodPathError>
    where
        F: Fn(Request<Streaming<Bytes>>) -> Answering + Send + Sync + 'static,
    {
        let name = name.into();
        MethodPath::new(&self.name, &name)?;
        let answer = Arc::new(answer);
        self.methods.insert(name, Method { streaming, answer });
        Ok(self)
    }

    /// Describes the service by a descriptor set (encoded, its imports included), so that reflection knows it. One that
    /// contradicts another of the server is found out when the server starts.
    #[must_use]
    pub fn described(mut self, file_descriptor_set: impl Into<Bytes>) -> Self {
        self.file_descriptor_set = Some(file_descriptor_set.into());
        self
    }

    pub(crate) fn file_descriptor_set(&self) -> Option<&[u8]> {
        self.file_descriptor_set.as_deref()
    }

    /// The full name of the service.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the methods, each with whether it streams.
    pub fn methods(&self) -> impl Iterator<Item = (&str, bool)> {
        let methods = self.methods.iter();
        methods.map(|(name, method)| (name.as_str(), method.streaming))
    }
}

impl Service<http::Request<RequestBody>> for RawService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<RequestBody>) -> Self::Future {
        let name = request.uri().path().rsplit('/').next().unwrap_or_default();
        let Some(method) = self.methods.get(name) else {
            let status = Reason::UnknownMethod
                .status(format!("service `{}` has no method `{name}`", self.name));
            return Box::pin(std::future::ready(Ok(status.into_http())));
        };
        let answer = OneCall(Arc::clone(&method.answer));
        Box::pin(async move { Ok(Grpc::new(BytesCodec).streaming(answer, request).await) })
    }
}

/// A method as tonic's server asks for it.
struct OneCall(Answer);

impl StreamingService<Bytes> for OneCall {
    type Response = Bytes;
    type ResponseStream = Messages;
    type Future = Answering;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        (self.0)(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::{CallOptions, unary};
    use crate::{Channel, Server};
    use tonic::Code;

    fn echo(request: Request<Streaming<Bytes>>) -> Answering {
        Box::pin(async move { Ok(Response::new(Box::pin(request.into_inner()) as Messages)) })
    }

    #[test]
    fn names_are_checked() {
        let check = |service: &str, method: &str, expected: bool| {
            let made = RawService::new(service).and_then(|made| made.method(method, false, echo));
            assert_eq!(made.is_ok(), expected, "{service}/{method}");
        };
        check("test.v1.Test", "Echo", true);
        check("test.v1.", "Echo", false);
        check("test.v1.Test", "Ec ho", false);
        check("", "Echo", false);
    }

    #[tokio::test]
    async fn answers_what_was_named_and_says_what_is_not_there() {
        let service = RawService::new("test.v1.Raw").unwrap();
        let service = service.method("Echo", false, echo).unwrap();
        let server = Server::new("memory:raw-serve").add_raw_service(service);
        let serving = tokio::spawn(server.without_signals().bind().await.unwrap().serve());
        let channel = Channel::connect("memory:raw-serve").await.unwrap();
        let call = async |method: &str| {
            let path = MethodPath::new("test.v1.Raw", method).unwrap();
            let request = Request::new(Bytes::from_static(b"hello"));
            unary(channel.clone(), &path, request, CallOptions::default()).await
        };
        assert_eq!(call("Echo").await.unwrap().into_inner(), "hello");
        let status = call("Other").await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
        assert_eq!(Reason::of(&status), Some(Reason::UnknownMethod));
        serving.abort();
    }
}
