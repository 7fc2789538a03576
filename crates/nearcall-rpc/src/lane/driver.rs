//! The task of a connection: reads, hands out what came, and writes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use nearcall_lane::Violation;
use nearcall_transport::ReadHalf;
use tokio::time::Sleep;
use tokio_util::io::poll_read_buf;

use super::Shared;
use super::keepalive::Keepalive;
use super::serving::{Begun, Serve, Serving};
use crate::limits::{PARTING_TIMEOUT, READ_BYTES_MAX, READ_ROOM_MIN, READS_PER_TURN_MAX};
use crate::status::lane_ended;

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// Nobody uses it any more.
    #[error("both sides are done with the connection")]
    Done,
    /// The peer closed it.
    #[error("the peer closed the connection")]
    Closed,
    /// The peer broke a rule.
    #[error("the peer broke a rule of the lane")]
    Violated(#[source] Violation),
    /// The system said no.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// The peer ended it, for a reason that it told.
    #[error("the peer ended the connection: {0}")]
    Told(String),
    /// The peer did not answer a PING.
    #[error("the peer does not answer any more")]
    Silent,
}

/// Drives one connection until it ends.
pub(crate) struct Driver<S> {
    shared: Arc<Shared>,
    reader: ReadHalf,
    read: BytesMut,
    /// Whether `read` holds bytes that nobody has looked at.
    unseen: bool,
    serving: Serving<S>,
    keepalive: Option<Keepalive>,
    /// When the earliest of our calls ends, and what wakes us then.
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    /// How long the peer may take to read why the connection ends.
    parting: Option<Pin<Box<Sleep>>>,
    /// Whether the connection ends with the last of those who make calls on it.
    ends_unused: bool,
    /// Dropped once the peer has said HELLO.
    newcomer: Option<Box<dyn Send>>,
    wakers: Vec<Waker>,
    outcome: Option<Ended>,
}

impl<S: Serve> Driver<S> {
    pub(super) fn new(
        shared: Arc<Shared>,
        reader: ReadHalf,
        read: BytesMut,
        serving: Serving<S>,
    ) -> Self {
        Self {
            shared,
            reader,
            unseen: !read.is_empty(),
            read,
            serving,
            keepalive: None,
            timer: None,
            parting: None,
            ends_unused: false,
            newcomer: None,
            wakers: Vec::new(),
            outcome: None,
        }
    }

    /// Ends the connection with the last of those who make calls on it.
    pub(crate) fn ends_unused(mut self) -> Self {
        self.ends_unused = true;
        self
    }

    /// Drops something once the peer has said HELLO.
    pub(crate) fn when_greeted(mut self, newcomer: impl Send + 'static) -> Self {
        self.newcomer = Some(Box::new(newcomer));
        self
    }

    /// Asks the peer whether it is there after so much quiet, and ends the connection if it does not say so in time.
    pub(crate) fn keepalive(mut self, interval: Option<Duration>, timeout: Duration) -> Self {
        self.keepalive = interval.map(|interval| Keepalive::new(interval, timeout));
        self
    }

    /// Reads once and hands out what came; whether there was anything.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        if std::mem::take(&mut self.unseen) {
            self.hand_out();
            return true;
        }
        if self.read.capacity() - self.read.len() < READ_ROOM_MIN {
            self.read.reserve(READ_BYTES_MAX);
        }
        match poll_read_buf(Pin::new(&mut self.reader), cx, &mut self.read) {
            Poll::Pending => return false,
            Poll::Ready(Ok(0)) => self.end(Ended::Closed),
            Poll::Ready(Ok(_)) => self.hand_out(),
            Poll::Ready(Err(error)) => self.end(Ended::Broken(error)),
        }
        true
    }

    fn hand_out(&mut self) {
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.heard();
        }
        let mut begun: Option<Begun> = None;
        loop {
            let mut state = self.shared.state();
            if let Some(Begun {
                stream,
                answer,
                long,
            }) = begun
            {
                if let Some(answer) = answer {
                    state.answer(stream, answer);
                }
                if long && let Poll::Ready(Err(error)) = state.poll_write() {
                    state.broken = Some(error);
                }
            }
            let received = state.receive(&mut self.read, &mut self.wakers);
            if self.newcomer.is_some() && state.connection.peer().is_some() {
                self.newcomer = None;
            }
            let ended_by = state.ended_by.take();
            drop(state);
            self.wakers.drain(..).for_each(Waker::wake);
            if let Some(why) = ended_by {
                return self.end(Ended::Told(why));
            }
            // One call after the other: what one has given back is at hand for the next.
            match received {
                Ok(Some(call)) => begun = Some(self.serving.serve(&self.shared, call)),
                Ok(None) => return,
                Err(violation) => return self.end(Ended::Violated(violation)),
            }
        }
    }

    /// Ends all calls. What a violation tells the peer is still written, as far as the socket takes it at once.
    fn end(&mut self, how: Ended) {
        let status = lane_ended(&how);
        let mut state = self.shared.state();
        state.lose(&status, &mut self.wakers);
        drop(state);
        self.outcome.get_or_insert(how);
        self.wakers.drain(..).for_each(Waker::wake);
    }

    /// Writes, and finds out whether there is anything left to do.
    fn write(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.shared.state();
        let written = state.poll_write_by(cx.waker());
        let all = written.is_ready();
        let unused = self.ends_unused && state.unused && state.slots.is_empty();
        let done = all && (unused || state.connection.is_drained());
        let broken = match written {
            Poll::Ready(Err(error)) => Some(error),
            _ => state.broken.take(),
        };
        drop(state);
        // What the peer sent before it closed was read by now.
        if let Some(error) = broken {
            self.end(Ended::Broken(error));
        } else if done && self.outcome.is_none() {
            self.outcome = Some(Ended::Done);
        }
        if all { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits, for a while, until a peer that broke a rule can be told so.
    fn poll_parting(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.outcome, Some(Ended::Violated(_))) {
            return Poll::Ready(());
        }
        let sleep = || Box::pin(tokio::time::sleep(PARTING_TIMEOUT));
        self.parting.get_or_insert_with(sleep).as_mut().poll(cx)
    }

    /// Looks after the deadlines of our calls, and after a peer that is quiet; whether something ended by that.
    fn watch(&mut self, cx: &mut Context<'_>) -> bool {
        let next = self.shared.state().next_deadline;
        if self.timer.as_ref().map(|(at, _)| *at) != next {
            self.timer = next.map(|at| (at, Box::pin(tokio::time::sleep_until(at.into()))));
        }
        let mut ended = false;
        if let Some((_, sleep)) = &mut self.timer
            && sleep.as_mut().poll(cx).is_ready()
        {
            let mut state = self.shared.state();
            state.expire(Instant::now(), &mut self.wakers);
            drop(state);
            self.wakers.drain(..).for_each(Waker::wake);
            ended = true;
        }
        if let Some(keepalive) = &mut self.keepalive
            && let Poll::Ready(asks) = keepalive.poll(cx)
        {
            if asks {
                let mut state = self.shared.state();
                state.connection.ping(0);
            } else {
                self.end(Ended::Silent);
            }
            ended = true;
        }
        ended
    }
}

impl<S: Serve> Future for Driver<S> {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        let this = &mut *self;
        for _ in 0..READS_PER_TURN_MAX {
            let read = this.outcome.is_none() && this.read(cx);
            let written = this.write(cx);
            if this.outcome.is_some() {
                if written.is_pending() {
                    ready!(this.poll_parting(cx));
                }
                return Poll::Ready(this.outcome.take().unwrap_or(Ended::Done));
            }
            if !read && !this.watch(cx) {
                return Poll::Pending;
            }
        }
        // Others have their turn; there may be more to read.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        // Also where it is ended from outside: nobody else will tell those who wait.
        let status = lane_ended(&Ended::Closed);
        let mut wakers = Vec::new();
        let mut state = self.shared.state();
        state.lose(&status, &mut wakers);
        // A pipe has no half-close: its peer hears of the end once nobody has it any more.
        state.close();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl<S> std::fmt::Debug for Driver<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}
