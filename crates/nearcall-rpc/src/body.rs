//! The bodies of calls: what comes in over any wire, and what a channel sends.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::sync::DropGuard;
use tonic::Status;

use crate::lane::Inflow;
use crate::layer::Facts;
use crate::status;

/// The body of a request as a server sees it, whichever wire it came over.
#[derive(Debug)]
pub struct RequestBody {
    wire: WireBody,
    facts: Facts,
}

#[derive(Debug)]
enum WireBody {
    Grpc(Incoming),
    Lane(Inflow),
    Empty,
}

impl RequestBody {
    pub(crate) fn grpc(body: Incoming) -> Self {
        Self {
            wire: WireBody::Grpc(body),
            facts: Facts::default(),
        }
    }

    pub(crate) fn lane(body: Inflow, timeout: Option<Duration>) -> Self {
        Self {
            wire: WireBody::Lane(body),
            facts: Facts {
                timeout,
                ..Facts::default()
            },
        }
    }

    /// What is known of the call beside its request.
    pub(crate) const fn facts_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }
}

impl Default for RequestBody {
    /// A body with nothing in it.
    fn default() -> Self {
        Self {
            wire: WireBody::Empty,
            facts: Facts::default(),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match &mut self.wire {
            WireBody::Grpc(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                frame.map(|frame| frame.map_err(|error| status::from_caller(&error)))
            }
            WireBody::Lane(body) => ready!(Pin::new(body).poll_frame(cx)),
            WireBody::Empty => None,
        };
        // A stream on which only the caller talks does not count as idle.
        if let Some(call) = &self.facts.call {
            call.saw_traffic();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.wire {
            WireBody::Grpc(body) => body.is_end_stream(),
            WireBody::Lane(body) => body.is_end_stream(),
            WireBody::Empty => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.wire {
            WireBody::Grpc(body) => body.size_hint(),
            WireBody::Lane(body) => body.size_hint(),
            WireBody::Empty => SizeHint::with_exact(0),
        }
    }
}

/// The body of a request as a channel sends it.
#[derive(Debug)]
pub(crate) enum OutgoingBody {
    /// The one message of a unary call, held whole so that the call can be sent again.
    Message(Option<Bytes>),
    /// Messages as the caller makes them.
    Stream {
        body: tonic::body::Body,
        answer: Arc<Dropped>,
    },
}

impl OutgoingBody {
    /// What the reader of the answer holds, so that the messages stop with it.
    pub(crate) fn answer_guard(&self, hosts: Option<Arc<DropGuard>>) -> AnswerGuard {
        let dropped = match self {
            Self::Message(_) => None,
            Self::Stream { answer, .. } => Some(Arc::clone(answer)),
        };
        AnswerGuard {
            dropped,
            _hosts: hosts,
        }
    }
}

/// Held by whoever reads the answer. Its end says to the stream of messages that nobody does any more: HTTP/2 would go on
/// sending, and gRPC calls that cancelled.
#[derive(Debug, Default)]
pub(crate) struct AnswerGuard {
    dropped: Option<Arc<Dropped>>,
    /// What the client hosts, which the handler may call until its answer ends.
    _hosts: Option<Arc<DropGuard>>,
}

impl Drop for AnswerGuard {
    fn drop(&mut self) {
        if let Some(dropped) = &self.dropped {
            dropped.flag.store(true, Ordering::Release);
            dropped.waker.wake();
        }
    }
}

/// Whether the [`AnswerGuard`] was dropped.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    flag: AtomicBool,
    waker: AtomicWaker,
}

impl Dropped {
    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        if self.flag.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Message(message) => {
                Poll::Ready(message.take().map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Stream { answer, .. } if answer.poll(cx).is_ready() => {
                // hyper resets the stream with the code that it finds in the error.
                Poll::Ready(Some(Err(h2::Error::from(h2::Reason::CANCEL).into())))
            }
            Self::Stream { body, .. } => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Message(message) => message.is_none(),
            Self::Stream { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        // An exact size becomes a content-length header, which gRPC has no use for and HPACK would have to spell out.
        SizeHint::default()
    }
}
