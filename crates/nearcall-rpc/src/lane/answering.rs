//! The answer to one call of the peer's: the handler's future, then the body that it answered with.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use tonic::Status;

use super::Shared;
use super::batch::Batch;
use super::framing::Messages;
use super::state::Room;
use crate::layer::PollEnd;

/// What there is to send on a call of the peer's, as it comes about.
pub(crate) trait Answers {
    /// Fills a batch; ready once it is full or ends the answer.
    fn poll_batch(&mut self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<()>;

    /// While nothing can be sent: ready once a layer ends the call.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status>;
}

/// A handler's future or its body, polled for what there is to send.
#[derive(Debug)]
pub(crate) struct Answering<F, B> {
    stage: Stage<F, B>,
    messages: Messages,
}

#[derive(Debug)]
enum Stage<F, B> {
    Handler(F),
    Body(B),
}

impl<F, B> Answering<F, B> {
    pub(crate) fn new(handler: F) -> Self {
        Self {
            stage: Stage::Handler(handler),
            messages: Messages::default(),
        }
    }
}

impl<F, B> Answers for Answering<F, B>
where
    F: Future<Output = Result<Response<B>, Infallible>> + Unpin,
    B: Body<Data = Bytes, Error = Status> + PollEnd + Unpin,
{
    fn poll_batch(&mut self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<()> {
        loop {
            if let Err(status) = batch.take(&mut self.messages) {
                batch.fail(&status);
            }
            if batch.ends() || batch.is_full() {
                return Poll::Ready(());
            }
            match &mut self.stage {
                Stage::Handler(handler) => match Pin::new(handler).poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(never)) => match never {},
                    Poll::Ready(Ok(response)) => {
                        let (head, body) = response.into_parts();
                        batch.head(head.headers);
                        self.stage = Stage::Body(body);
                    }
                },
                Stage::Body(body) => match Pin::new(body).poll_frame(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(Ok(frame))) => batch.frame(frame, &mut self.messages),
                    Poll::Ready(Some(Err(status))) => batch.fail(&status),
                    Poll::Ready(None) => {
                        batch.fail(&Status::unknown("the answer ended without a status"));
                    }
                },
            }
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        match &mut self.stage {
            Stage::Handler(_) => Poll::Pending,
            Stage::Body(body) => body.poll_end(cx),
        }
    }
}

/// No call is of this type.
impl Answers for Infallible {
    fn poll_batch(&mut self, _cx: &mut Context<'_>, _batch: &mut Batch) -> Poll<()> {
        match *self {}
    }

    fn poll_end(&mut self, _cx: &mut Context<'_>) -> Poll<Status> {
        match *self {}
    }
}

/// An answer that was not there at once, in a task of its own.
#[derive(Debug)]
pub(crate) struct InTask<A> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) stream: u64,
    pub(crate) answering: A,
}

impl<A: Answers + Unpin> Future for InTask<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            let room = this.shared.state().room(this.stream, cx);
            match room {
                Room::Gone => return Poll::Ready(()),
                Room::Some => {}
                Room::None => {
                    // A caller who takes nothing must not keep the call beyond its limits.
                    let status = std::task::ready!(this.answering.poll_end(cx));
                    let mut state = this.shared.state();
                    state.fail(this.stream, &status);
                    return Poll::Ready(());
                }
            }
            let mut batch = Batch::default();
            let polled = this.answering.poll_batch(cx, &mut batch);
            let ends = batch.ends();
            if !batch.is_empty() {
                let mut state = this.shared.state();
                state.answer(this.stream, batch);
                state.send();
            }
            if ends {
                return Poll::Ready(());
            }
            std::task::ready!(polled);
        }
    }
}
