//! The answer on its way back.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use crate::channel::ResponseBody;
use crate::layer::trailers;

/// The frames of an answer; a failure underway becomes the trailers, so that the caller learns its status.
#[derive(Debug)]
pub(super) struct Answer(Option<ResponseBody>);

impl Answer {
    pub(super) const fn new(body: ResponseBody) -> Self {
        Self(Some(body))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(body) = &mut self.0 else {
            return Poll::Ready(None);
        };
        Poll::Ready(match ready!(Pin::new(body).poll_frame(cx)) {
            Some(Err(status)) => {
                self.0 = None;
                Some(Ok(trailers(&status)))
            }
            frame => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
