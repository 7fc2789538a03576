//! What answers the calls of a peer whose client hosts nothing.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tower_service::Service;

use super::{Arrived, Origin, Serve};
use crate::body::RequestBody;
use crate::status::Reason;

/// Answers every call UNIMPLEMENTED.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nobody;

impl Serve for Nobody {
    type Answer = Body;
    type Direct = Infallible;

    fn direct(&self, arrived: Arrived, _origin: &Origin) -> Result<Infallible, Arrived> {
        Err(arrived)
    }
}

impl Service<Request<RequestBody>> for Nobody {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let path = request.uri().path();
        let text = format!("this client hosts no service, so nobody answers `{path}`");
        ready(Ok(Reason::UnknownService.status(text).into_http()))
    }
}
