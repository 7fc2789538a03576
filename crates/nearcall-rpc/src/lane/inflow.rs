//! What comes on a call, as the body that generated code reads.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use super::framing::with_prefix;
use super::slot::Over;
use super::{Lane, Shared};
use crate::status::Reason;

/// The messages of a call, then its trailers.
#[derive(Debug)]
pub(crate) struct Inflow {
    source: Source,
    /// A message whose prefix was given already.
    rest: Option<Bytes>,
}

#[derive(Debug)]
enum Source {
    /// All of it is here.
    Whole {
        message: Option<Bytes>,
        others: VecDeque<Bytes>,
        trailers: Option<HeaderMap>,
    },
    /// The messages of a call of the peer's.
    Theirs { shared: Arc<Shared>, stream: u64 },
    /// The answer to a call of ours.
    Ours { lane: Lane, stream: u64 },
}

impl Inflow {
    /// One message and nothing after it.
    pub(crate) const fn message(message: Option<Bytes>) -> Self {
        Self::from(Source::Whole {
            message,
            others: VecDeque::new(),
            trailers: None,
        })
    }

    /// An answer that is all here.
    pub(crate) const fn answer(
        message: Option<Bytes>,
        others: VecDeque<Bytes>,
        trailers: Option<HeaderMap>,
    ) -> Self {
        Self::from(Source::Whole {
            message,
            others,
            trailers,
        })
    }

    pub(crate) const fn theirs(shared: Arc<Shared>, stream: u64) -> Self {
        Self::from(Source::Theirs { shared, stream })
    }

    pub(crate) const fn ours(lane: Lane, stream: u64) -> Self {
        Self::from(Source::Ours { lane, stream })
    }

    const fn from(source: Source) -> Self {
        Self { source, rest: None }
    }

    fn over() -> Source {
        Source::Whole {
            message: None,
            others: VecDeque::new(),
            trailers: None,
        }
    }

    fn next(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Next, Status>>> {
        match &mut self.source {
            Source::Whole {
                message,
                others,
                trailers,
            } => {
                let message = message.take().or_else(|| others.pop_front());
                let next = match message {
                    Some(message) => Some(Next::Message(message)),
                    None => trailers.take().map(Next::Trailers),
                };
                Poll::Ready(next.map(Ok))
            }
            Source::Theirs { shared, stream } => {
                let mut state = shared.state();
                let gone = || {
                    Reason::CallerGone.status("the caller gave the call up before its last message")
                };
                let Some(slot) = state.slots.get_mut(stream) else {
                    return Poll::Ready(Some(Err(gone())));
                };
                if let Some(message) = slot.inbox.pop_front() {
                    state.taken(*stream, message.len());
                    return Poll::Ready(Some(Ok(Next::Message(message))));
                }
                match &slot.over {
                    Some(Over::Closed) => Poll::Ready(None),
                    Some(_) => Poll::Ready(Some(Err(gone()))),
                    None => {
                        slot.reader = Some(cx.waker().clone());
                        Poll::Pending
                    }
                }
            }
            Source::Ours { lane, stream } => {
                let mut state = lane.shared().state();
                let Some(slot) = state.slots.get_mut(stream) else {
                    return Poll::Ready(None);
                };
                if let Some(message) = slot.inbox.pop_front() {
                    state.taken(*stream, message.len());
                    return Poll::Ready(Some(Ok(Next::Message(message))));
                }
                let Some(over) = slot.over.take() else {
                    slot.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                };
                state.slots.remove(stream);
                drop(state);
                let last = match over {
                    Over::Ended(end) => Ok(Next::Trailers(end.into_trailers())),
                    Over::Failed(status) => Err(*status),
                    Over::NotCarriedOut | Over::Closed => {
                        Err(Reason::ConnectionLost.status("the server went away"))
                    }
                };
                self.source = Self::over();
                Poll::Ready(Some(last))
            }
        }
    }
}

enum Next {
    Message(Bytes),
    Trailers(HeaderMap),
}

impl Drop for Inflow {
    fn drop(&mut self) {
        if let Source::Ours { lane, stream } = &self.source {
            lane.shared().state().give_up(*stream);
        }
    }
}

impl Body for Inflow {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        self.next(cx).map(|next| {
            next.map(|next| {
                next.map(|next| match next {
                    Next::Message(message) => {
                        let (framed, rest) = with_prefix(message);
                        self.rest = rest;
                        Frame::data(framed)
                    }
                    Next::Trailers(trailers) => Frame::trailers(trailers),
                })
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none()
            && matches!(
                &self.source,
                Source::Whole { message: None, others, trailers: None } if others.is_empty()
            )
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
