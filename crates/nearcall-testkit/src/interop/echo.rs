//! Metadata that comes back: one entry with the headers of the answer, one with its trailers.
//!
//! A handler has no say in the trailers of an answer that is no error, so this stands around the generated server.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use nearcall::codegen::table;
use nearcall::codegen::tonic::body::Body;
use nearcall::codegen::tonic::codegen::http::{HeaderValue, Request, Response};
use nearcall::codegen::tonic::codegen::{Bytes, Service};
use nearcall::codegen::tonic::server::NamedService;
use nearcall::{Described, Status};

/// The entry that comes back with the headers.
pub const INITIAL: &str = "x-grpc-test-echo-initial";

/// The entry that comes back with the trailers.
pub const TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// A service whose answers carry [`INITIAL`] and [`TRAILING`] where its requests do.
#[derive(Debug, Clone)]
pub struct Echo<S> {
    inner: S,
}

impl<S> Echo<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S: Described> Described for Echo<S> {
    const SERVICE: &'static table::Service = S::SERVICE;
}

impl<S: NamedService> NamedService for Echo<S> {
    const NAME: &'static str = S::NAME;
}

impl<S, B> Service<Request<B>> for Echo<S>
where
    S: Service<Request<B>, Response = Response<Body>, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let initial = request.headers().get(INITIAL).cloned();
        let trailing = request.headers().get(TRAILING).cloned();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if let Some(value) = initial {
                response.headers_mut().insert(INITIAL, value);
            }
            Ok(match trailing {
                Some(value) => response.map(|inner| Body::new(Trailing { inner, value })),
                None => response,
            })
        })
    }
}

/// A body whose trailers carry one entry more.
#[derive(Debug)]
struct Trailing {
    inner: Body,
    value: HeaderValue,
}

impl http_body::Body for Trailing {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            trailers.insert(TRAILING, self.value.clone());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
