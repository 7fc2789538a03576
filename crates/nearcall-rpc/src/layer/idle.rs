//! A stream on which nothing travels in either direction is ended, so that forgotten ones do not pile up.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::Frame;
use tonic::Status;

use super::{Arriving, Layer, Stage};
use crate::callback::HOST_PATH;
use crate::layer::deadline::Timer;
use crate::server::calls::Call;
use crate::status::Reason;

/// Ends streams that are idle.
#[derive(Debug, Clone)]
pub(crate) struct Idle {
    pub(crate) limit: Option<Duration>,
}

impl Layer for Idle {
    type Stage = Watch;

    fn begin(&self, call: &mut Arriving<'_>) -> Result<Watch, Status> {
        // A client that hosts may wait for its first call as long as it likes.
        let streaming = call.facts.call.as_ref();
        let streaming = streaming.filter(|call| call.is_streaming() && call.path() != HOST_PATH);
        let stream = streaming.zip(self.limit).and_then(|(call, limit)| {
            let timer = Timer::new(Some(Instant::now().checked_add(limit)?));
            Some(Stream {
                call: Arc::clone(call),
                limit,
                timer,
            })
        });
        Ok(Watch { stream })
    }
}

#[derive(Debug)]
pub(crate) struct Watch {
    stream: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    call: Arc<Call>,
    limit: Duration,
    timer: Timer,
}

impl Stage for Watch {
    fn saw_frame(&mut self, _frame: &mut Frame<Bytes>) {
        if let Some(stream) = &self.stream {
            stream.call.saw_traffic();
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let Some(stream) = &mut self.stream else {
            return Poll::Pending;
        };
        loop {
            ready!(stream.timer.poll(cx));
            // Traffic since the timer was set moves it on; that is cheaper than moving it for every message.
            let end = stream.call.last_traffic() + stream.limit;
            if end <= Instant::now() {
                let text = format!(
                    "nothing travelled on the stream for {:?}, the server's limit",
                    stream.limit
                );
                return Poll::Ready(Reason::StreamIdle.status(text));
            }
            stream.timer.reset(end);
        }
    }
}
