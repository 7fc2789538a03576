//! The body of an answer as a channel hands it on: with the call's deadline, and with failures in gRPC's words.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tonic::Status;

use super::call::Deadline;
use crate::body::AnswerGuard;
use crate::layer::deadline::Timer;
use crate::status;

/// The body of an answer.
#[derive(Debug)]
pub struct ResponseBody {
    /// None once the deadline passed: that drops the stream, and so tells the server.
    incoming: Option<Incoming>,
    deadline: Option<Deadline>,
    timer: Timer,
    #[expect(dead_code, reason = "held for its drop")]
    guard: AnswerGuard,
}

impl ResponseBody {
    pub(crate) fn new(incoming: Incoming, deadline: Option<Deadline>, guard: AnswerGuard) -> Self {
        let timer = Timer::new(deadline.map(|deadline| deadline.at));
        Self {
            incoming: Some(incoming),
            deadline,
            timer,
            guard,
        }
    }
}

impl Default for ResponseBody {
    fn default() -> Self {
        Self {
            incoming: None,
            deadline: None,
            timer: Timer::new(None),
            guard: AnswerGuard::default(),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(incoming).poll_frame(cx) {
            return Poll::Ready(
                frame.map(|frame| frame.map_err(|error| status::from_hyper(&error))),
            );
        }
        if self.timer.poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.incoming = None;
        Poll::Ready(self.deadline.map(|deadline| Err(deadline.exceeded())))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
