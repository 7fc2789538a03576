//! The body of an answer as a channel hands it on: with the call's deadline, and with failures in gRPC's words.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tonic::Status;

use crate::body::AnswerGuard;
use crate::deadline::Deadline;
use crate::lane::Inflow;
use crate::layer::deadline::Timer;
use crate::status;

/// The body of an answer.
#[derive(Debug, Default)]
pub struct ResponseBody(Answer);

#[derive(Debug, Default)]
enum Answer {
    /// Nothing, or nothing more.
    #[default]
    Empty,
    Lane(Inflow),
    Grpc(Box<Http2>),
}

/// What comes over HTTP/2, which does not look after the call's deadline.
#[derive(Debug)]
struct Http2 {
    incoming: Incoming,
    deadline: Option<Deadline>,
    timer: Timer,
    #[expect(dead_code, reason = "held for its drop")]
    guard: AnswerGuard,
}

impl ResponseBody {
    pub(crate) fn grpc(incoming: Incoming, deadline: Option<Deadline>, guard: AnswerGuard) -> Self {
        let timer = Timer::new(deadline.map(|deadline| deadline.at));
        Self(Answer::Grpc(Box::new(Http2 {
            incoming,
            deadline,
            timer,
            guard,
        })))
    }

    pub(crate) const fn lane(inflow: Inflow) -> Self {
        Self(Answer::Lane(inflow))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let http2 = match &mut self.0 {
            Answer::Empty => return Poll::Ready(None),
            Answer::Lane(inflow) => return Pin::new(inflow).poll_frame(cx),
            Answer::Grpc(http2) => http2,
        };
        if let Poll::Ready(frame) = Pin::new(&mut http2.incoming).poll_frame(cx) {
            return Poll::Ready(
                frame.map(|frame| frame.map_err(|error| status::from_hyper(&error))),
            );
        }
        ready!(http2.timer.poll(cx));
        let exceeded = http2.deadline.map(|deadline| Err(deadline.exceeded()));
        // Dropping the stream tells the server.
        self.0 = Answer::Empty;
        Poll::Ready(exceeded)
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Answer::Empty => true,
            Answer::Lane(inflow) => inflow.is_end_stream(),
            Answer::Grpc(http2) => http2.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Answer::Empty => SizeHint::with_exact(0),
            Answer::Lane(inflow) => inflow.size_hint(),
            Answer::Grpc(http2) => http2.incoming.size_hint(),
        }
    }
}
