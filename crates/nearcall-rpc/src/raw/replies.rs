//! The answers of a call, as they come.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep};
use tokio_stream::{Stream, StreamExt as _};
use tonic::metadata::MetadataMap;
use tonic::{Status, Streaming};

use super::over_limit::Watch;

/// The messages of an answer, undecoded. Dropping it cancels the call.
#[derive(Debug)]
pub struct Replies {
    /// `None` once the call was given up, so that the server hears of it at once.
    stream: Option<Streaming<Bytes>>,
    ends: Option<(Duration, Pin<Box<Sleep>>)>,
    watch: Watch,
    /// Whether the last message or the error was given out: a body need not bear being read past its end.
    ended: bool,
}

impl Replies {
    pub(super) fn new(
        stream: Streaming<Bytes>,
        ends: Option<(Duration, Instant)>,
        watch: Watch,
    ) -> Self {
        Self {
            stream: Some(stream),
            ends: ends.map(|(deadline, at)| (deadline, Box::pin(tokio::time::sleep_until(at)))),
            watch,
            ended: false,
        }
    }

    /// The next message; `None` when the call ended well.
    ///
    /// # Errors
    ///
    /// The status the call ended with. `DEADLINE_EXCEEDED` and messages over the limit may come from this side.
    pub async fn message(&mut self) -> Result<Option<Bytes>, Status> {
        self.next().await.transpose()
    }

    /// The metadata that came after the last message. Messages not yet read are skipped.
    ///
    /// # Errors
    ///
    /// The status the call ended with.
    pub async fn trailers(&mut self) -> Result<Option<MetadataMap>, Status> {
        while self.message().await?.is_some() {}
        match &mut self.stream {
            Some(stream) => stream.trailers().await,
            None => Ok(None),
        }
    }
}

impl Stream for Replies {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let stream = match &mut this.stream {
            Some(stream) if !this.ended => stream,
            _ => return Poll::Ready(None),
        };
        // What has arrived is given out even when the deadline has passed meanwhile.
        if let Poll::Ready(item) = Pin::new(stream).poll_next(context) {
            this.ended = !matches!(item, Some(Ok(_)));
            return Poll::Ready(item.map(|item| item.map_err(|status| this.watch.explain(status))));
        }
        let Some((deadline, sleep)) = &mut this.ends else {
            return Poll::Pending;
        };
        ready!(sleep.as_mut().poll(context));
        let late = too_late(*deadline);
        this.stream = None;
        Poll::Ready(Some(Err(late)))
    }
}

/// The status of a call that this side gave up.
pub(super) fn too_late(deadline: Duration) -> Status {
    Status::deadline_exceeded(format!("the call did not end within {deadline:?}"))
}
