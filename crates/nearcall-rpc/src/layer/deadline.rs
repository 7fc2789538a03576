//! The deadline of a call: the caller's, else the server's own for unary calls.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use tonic::Status;

use super::{Arriving, Layer, Stage};
use crate::status::Reason;
use crate::timeout;

/// Ends calls whose time is up.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    /// For unary calls whose caller names none.
    pub(crate) unary: Option<Duration>,
}

impl Layer for Deadline {
    type Stage = Until;

    fn begin(&self, call: &mut Arriving<'_>) -> Result<Until, Status> {
        let streaming = call.facts.call.as_ref();
        let streaming = streaming.is_none_or(|call| call.is_streaming());
        let own = if streaming { None } else { self.unary };
        let asked = call.facts.timeout;
        let asked = asked.or_else(|| timeout::read(call.headers));
        let allowed = asked.or(own);
        // A time beyond what the clock can name is no deadline.
        let until = allowed.and_then(|allowed| Instant::now().checked_add(allowed));
        call.facts.deadline = until;
        Ok(Until {
            allowed: allowed.unwrap_or_default(),
            timer: Timer::new(until),
        })
    }
}

#[derive(Debug)]
pub(crate) struct Until {
    allowed: Duration,
    timer: Timer,
}

impl Stage for Until {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        self.timer.poll(cx).map(|()| {
            Reason::DeadlineExceeded.status(format!(
                "the call took longer than the {:?} it was given",
                self.allowed
            ))
        })
    }
}

/// A timer that is set up only when it is first asked: most calls are answered before that.
#[derive(Debug)]
pub(crate) struct Timer {
    at: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// A timer for a point in time; for none, one that never ends.
    pub(crate) const fn new(at: Option<Instant>) -> Self {
        Self { at, sleep: None }
    }

    /// Moves the timer.
    pub(crate) fn reset(&mut self, at: Instant) {
        self.at = Some(at);
        if let Some(sleep) = &mut self.sleep {
            sleep.as_mut().reset(at.into());
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else {
            return Poll::Pending;
        };
        // Who calls without a runtime looks at the clock when it has waited.
        if self.sleep.is_none() && tokio::runtime::Handle::try_current().is_err() {
            return if Instant::now() >= at {
                Poll::Ready(())
            } else {
                Poll::Pending
            };
        }
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        sleep.as_mut().poll(cx)
    }
}
