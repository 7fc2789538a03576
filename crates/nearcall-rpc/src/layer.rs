//! What every call passes on its way to the handler, outermost first: [`admit`], [`idle`], [`deadline`],
//! [`propagate`], [`catch_panic`], [`trail`].
//!
//! A layer is two small things: how it looks at a call when it comes ([`Layer`]), and what it does while the call goes
//! on ([`Stage`]), which is the same for the handler's future and for the body that the handler answers with. The
//! future and the body that carry a stage along are written here once.

pub(crate) mod admit;
pub(crate) mod catch_panic;
pub(crate) mod deadline;
pub(crate) mod idle;
pub(crate) mod propagate;
pub(crate) mod trail;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;
use tower_service::Service;

use crate::body::RequestBody;
use crate::server::calls::Call;
use crate::server::router::Route;

/// What is known of a call beside its request: from its wire, and from the layers that have looked at it.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// What the caller allows, where the wire has a place for it beside the headers.
    pub(crate) timeout: Option<Duration>,
    /// The call among those in flight, once it was admitted.
    pub(crate) call: Option<Arc<Call>>,
    /// Who answers it, once it was admitted.
    pub(crate) route: Option<Arc<Route>>,
    /// When it ends at the latest.
    pub(crate) deadline: Option<Instant>,
}

/// A call as the layers look at it when it comes.
#[derive(Debug)]
pub(crate) struct Arriving<'a> {
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) facts: &'a mut Facts,
}

/// Looks at a call when it comes.
pub(crate) trait Layer {
    /// What goes along with the call.
    type Stage: Stage;

    /// Lets the call through, or ends it with a status.
    fn begin(&self, call: &mut Arriving<'_>) -> Result<Self::Stage, Status>;
}

/// Goes along with a call until its last frame.
pub(crate) trait Stage {
    /// Runs one poll of what is within, which leaves what it came to where it likes: no layer moves it on.
    fn around(&mut self, poll: &mut dyn FnMut()) -> Result<(), Status> {
        poll();
        Ok(())
    }

    /// Shown the head of the answer.
    fn saw_head(&mut self, _extensions: &mut Extensions) {}

    /// Shown every frame of the answer.
    fn saw_frame(&mut self, _frame: &mut Frame<Bytes>) {}

    /// Asked when what is within has nothing yet: a status ends the call there.
    fn poll_end(&mut self, _cx: &mut Context<'_>) -> Poll<Status> {
        Poll::Pending
    }
}

/// Two layers are one, the first outside the second.
impl<A: Layer, B: Layer> Layer for (A, B) {
    type Stage = (A::Stage, B::Stage);

    fn begin(&self, call: &mut Arriving<'_>) -> Result<Self::Stage, Status> {
        let outer = self.0.begin(call)?;
        Ok((outer, self.1.begin(call)?))
    }
}

impl<A: Stage, B: Stage> Stage for (A, B) {
    fn around(&mut self, poll: &mut dyn FnMut()) -> Result<(), Status> {
        let (outer, inner) = self;
        let mut within = Ok(());
        outer.around(&mut || within = inner.around(poll))?;
        within
    }

    fn saw_head(&mut self, extensions: &mut Extensions) {
        self.1.saw_head(extensions);
        self.0.saw_head(extensions);
    }

    fn saw_frame(&mut self, frame: &mut Frame<Bytes>) {
        self.1.saw_frame(frame);
        self.0.saw_frame(frame);
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        match self.1.poll_end(cx) {
            Poll::Pending => self.0.poll_end(cx),
            ended => ended,
        }
    }
}

/// A service with layers around it.
#[derive(Debug, Clone)]
pub(crate) struct Layered<L, S> {
    pub(crate) layers: L,
    pub(crate) inner: S,
}

impl<L, S> Layered<L, S> {
    pub(crate) const fn new(layers: L, inner: S) -> Self {
        Self { layers, inner }
    }
}

impl<L, S, B> Service<Request<RequestBody>> for Layered<L, S>
where
    L: Layer,
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes, Error = Status>,
{
    type Response = Response<StagedBody<B, L::Stage>>;
    type Error = Infallible;
    type Future = StagedFuture<S::Future, L::Stage>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let mut facts = std::mem::take(request.body_mut().facts_mut());
        let begun = self.layers.begin(&mut Arriving {
            path: request.uri().path(),
            headers: request.headers(),
            facts: &mut facts,
        });
        *request.body_mut().facts_mut() = facts;
        let mut stage = match begun {
            Ok(stage) => stage,
            Err(status) => return StagedFuture::refused(status),
        };
        let (mut request, mut inner) = (Some(request), None);
        let called = stage.around(&mut || {
            inner = request.take().map(|request| self.inner.call(request));
        });
        match called {
            Ok(()) => StagedFuture {
                inner,
                stage: Some(stage),
                refused: None,
            },
            Err(status) => StagedFuture::refused(status),
        }
    }
}

pin_project! {
    /// The handler's future, with a stage.
    #[derive(Debug)]
    pub(crate) struct StagedFuture<F, S> {
        #[pin]
        inner: Option<F>,
        stage: Option<S>,
        refused: Option<Box<Status>>,
    }
}

impl<F, S> StagedFuture<F, S> {
    fn refused(status: Status) -> Self {
        Self {
            inner: None,
            stage: None,
            refused: Some(Box::new(status)),
        }
    }
}

impl<F, B, S> Future for StagedFuture<F, S>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
    B: Body<Data = Bytes, Error = Status>,
    S: Stage,
{
    type Output = Result<Response<StagedBody<B, S>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let status = match (this.inner.as_mut().as_pin_mut(), this.stage.as_mut()) {
            (Some(mut inner), Some(stage)) => {
                let mut polled = Poll::Pending;
                match stage.around(&mut || polled = inner.as_mut().poll(cx)) {
                    Err(status) => status,
                    Ok(()) => match polled {
                        Poll::Ready(Err(never)) => match never {},
                        Poll::Ready(Ok(mut response)) => {
                            stage.saw_head(response.extensions_mut());
                            let stage = this.stage.take();
                            return Poll::Ready(Ok(response.map(|inner| StagedBody {
                                inner: Some(inner),
                                stage,
                            })));
                        }
                        Poll::Pending => match stage.poll_end(cx) {
                            Poll::Ready(status) => status,
                            Poll::Pending => return Poll::Pending,
                        },
                    },
                }
            }
            _ => this.refused.take().map_or_else(
                || Status::internal("polled after it was done"),
                |status| *status,
            ),
        };
        // What is within ends here, at its last await, before the answer leaves.
        this.inner.set(None);
        drop(this.stage.take());
        Poll::Ready(Ok(status.into_http()))
    }
}

pin_project! {
    /// The body of the answer, with a stage; empty where a status took its place.
    #[derive(Debug)]
    pub(crate) struct StagedBody<B, S> {
        #[pin]
        inner: Option<B>,
        stage: Option<S>,
    }
}

impl<B, S> Default for StagedBody<B, S> {
    fn default() -> Self {
        Self {
            inner: None,
            stage: None,
        }
    }
}

impl<B, S> Body for StagedBody<B, S>
where
    B: Body<Data = Bytes, Error = Status>,
    S: Stage,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        let (Some(mut inner), Some(stage)) =
            (this.inner.as_mut().as_pin_mut(), this.stage.as_mut())
        else {
            return Poll::Ready(None);
        };
        let mut polled = Poll::Pending;
        let status = match stage.around(&mut || polled = inner.as_mut().poll_frame(cx)) {
            Err(status) => status,
            Ok(()) => match polled {
                Poll::Ready(mut frame) => {
                    if let Some(Ok(frame)) = &mut frame {
                        stage.saw_frame(frame);
                    }
                    return Poll::Ready(frame);
                }
                Poll::Pending => match stage.poll_end(cx) {
                    Poll::Ready(status) => status,
                    Poll::Pending => return Poll::Pending,
                },
            },
        };
        this.inner.set(None);
        drop(this.stage.take());
        Poll::Ready(Some(Ok(trailers(&status))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// A body whose layers may end it while nobody takes its frames.
pub(crate) trait PollEnd {
    /// Ready with a status once a layer ends the call; what is within is dropped then.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status>;
}

impl PollEnd for tonic::body::Body {
    fn poll_end(&mut self, _cx: &mut Context<'_>) -> Poll<Status> {
        Poll::Pending
    }
}

impl<B, S: Stage> PollEnd for StagedBody<B, S>
where
    B: Unpin,
{
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let ended = match &mut self.stage {
            Some(stage) => stage.poll_end(cx),
            None => Poll::Pending,
        };
        if ended.is_ready() {
            self.inner = None;
            self.stage = None;
        }
        ended
    }
}

/// The last frame of a stream that ends with a status.
pub(crate) fn trailers(status: &Status) -> Frame<Bytes> {
    let mut headers = HeaderMap::new();
    if let Err(unfit) = status.add_header(&mut headers) {
        tracing::warn!(%status, %unfit, "a status does not fit into trailers; its code is sent alone");
        headers.insert(
            Status::GRPC_STATUS,
            http::HeaderValue::from(status.code() as i32),
        );
    }
    Frame::trailers(headers)
}
