//! The answers of the methods that stream: each request says how many there are, how long, and when.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nearcall::tokio::time::{Sleep, sleep};
use nearcall::tokio_stream::Stream;
use nearcall::{Status, Streaming};

use super::pb::{ResponseParameters, StreamingOutputCallRequest, StreamingOutputCallResponse};
use super::{asked_for, zeros};
use crate::probe::Watched;

/// Answers requests in their order.
#[derive(Debug)]
pub(super) struct Answers {
    requests: Requests,
    due: VecDeque<ResponseParameters>,
    /// Set while the first that is due waits for its time.
    wait: Option<Pin<Box<Sleep>>>,
    watched: Watched,
}

#[derive(Debug)]
enum Requests {
    Coming(Box<Streaming<StreamingOutputCallRequest>>),
    Here(VecDeque<StreamingOutputCallRequest>),
}

impl Answers {
    /// To each request as it comes.
    pub(super) fn to_each(
        requests: Streaming<StreamingOutputCallRequest>,
        watched: Watched,
    ) -> Self {
        Self::new(Requests::Coming(Box::new(requests)), watched)
    }

    /// To requests that are all here.
    pub(super) fn to_all(
        requests: impl IntoIterator<Item = StreamingOutputCallRequest>,
        watched: Watched,
    ) -> Self {
        Self::new(Requests::Here(requests.into_iter().collect()), watched)
    }

    const fn new(requests: Requests, watched: Watched) -> Self {
        Self {
            requests,
            due: VecDeque::new(),
            wait: None,
            watched,
        }
    }

    /// The next answer, none at the end; a status where the caller asked for one.
    fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<StreamingOutputCallResponse>, Status>> {
        loop {
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(cx));
                self.wait = None;
            }
            if let Some(ResponseParameters { size, .. }) = self.due.pop_front() {
                let payload = Some(zeros(size)?);
                self.wait_for_next();
                return Poll::Ready(Ok(Some(StreamingOutputCallResponse { payload })));
            }
            let Some(request) = ready!(self.requests.poll(cx))? else {
                return Poll::Ready(Ok(None));
            };
            asked_for(request.response_status)?;
            self.due = request.response_parameters.into();
            self.wait_for_next();
        }
    }

    fn wait_for_next(&mut self) {
        let interval = self.due.front().map_or(0, |next| next.interval_us);
        if let Ok(micros @ 1..) = u64::try_from(interval) {
            self.wait = Some(Box::pin(sleep(Duration::from_micros(micros))));
        }
    }
}

impl Requests {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<StreamingOutputCallRequest>, Status>> {
        match self {
            Self::Coming(coming) => Pin::new(coming).poll_next(cx).map(Option::transpose),
            Self::Here(here) => Poll::Ready(Ok(here.pop_front())),
        }
    }
}

impl Stream for Answers {
    type Item = Result<StreamingOutputCallResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let answer = ready!(self.poll_answer(cx));
        if !matches!(answer, Ok(Some(_))) {
            self.watched.done();
        }
        Poll::Ready(answer.transpose())
    }
}
