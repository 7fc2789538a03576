//! The bodies of calls: what comes in over any wire, and what a channel sends.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tonic::Status;

use crate::server::calls::Call;
use crate::status;

/// The body of a request as a server sees it, whichever wire it came over.
#[derive(Debug)]
pub struct RequestBody {
    wire: WireBody,
    // Told of every frame, so that a stream on which only the caller talks does not count as idle.
    call: Option<Arc<Call>>,
}

#[derive(Debug)]
enum WireBody {
    Grpc(Incoming),
    Empty,
}

impl RequestBody {
    pub(crate) const fn grpc(body: Incoming) -> Self {
        Self {
            wire: WireBody::Grpc(body),
            call: None,
        }
    }

    pub(crate) fn report_to(&mut self, call: Arc<Call>) {
        self.call = Some(call);
    }
}

impl Default for RequestBody {
    /// A body with nothing in it.
    fn default() -> Self {
        Self {
            wire: WireBody::Empty,
            call: None,
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
            WireBody::Grpc(body) => ready!(Pin::new(body).poll_frame(cx)),
            WireBody::Empty => None,
        };
        if let Some(call) = &self.call {
            call.saw_traffic();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|error| status::from_hyper(&error))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.wire {
            WireBody::Grpc(body) => body.is_end_stream(),
            WireBody::Empty => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.wire {
            WireBody::Grpc(body) => body.size_hint(),
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
    Stream(tonic::body::Body),
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.get_mut() {
            Self::Message(message) => {
                Poll::Ready(message.take().map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Message(message) => message.is_none(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Message(message) => {
                SizeHint::with_exact(message.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Stream(body) => body.size_hint(),
        }
    }
}
