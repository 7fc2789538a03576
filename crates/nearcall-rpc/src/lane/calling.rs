//! One call of ours.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use http::{HeaderMap, Response};
use nearcall_lane::{Call, CommandError};
use tonic::Status;
use tonic::body::Body;

use super::framing::PREFIX_LEN;
use super::sending::Sending;
use super::slot::{Over, Slot};
use super::state::State;
use super::{Inflow, Lane};
use crate::deadline::Deadline;
use crate::layer::deadline::Timer;
use crate::status::{Reason, from_command};

/// What a call sends.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// The one message, with gRPC's prefix, as generated code writes it.
    Message(Bytes),
    /// Messages as the caller makes them.
    Stream(Body),
}

/// How far a call got that has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The peer did not, and will not, carry it out.
    NotCarriedOut(Status),
    /// It is over, for the reason that is said.
    Over(Status),
    /// The connection broke, and what became of the call is not known.
    Lost(Status),
}

/// A call that was made, until the head of its answer is there. Dropped before that, it is cancelled.
#[derive(Debug)]
pub(crate) struct Made {
    lane: Lane,
    step: Waits,
}

#[derive(Debug)]
enum Waits {
    For(u64),
    Failed(Option<Failure>),
}

/// A call, which may have to wait until the peer takes it.
#[derive(Debug)]
pub(crate) struct Calling {
    lane: Lane,
    step: Step,
    deadline: Option<Deadline>,
    /// Its place among those who wait, and how long it waits there.
    ticket: Option<u64>,
    timer: Timer,
}

#[derive(Debug)]
enum Step {
    /// The peer takes no more calls at once yet, or was not asked.
    New(Box<Call>, Outgoing),
    Made(Made),
    Done,
}

impl Lane {
    /// A call that waits, where it must, until the peer takes it.
    pub(crate) fn call(
        &self,
        call: Call,
        outgoing: Outgoing,
        deadline: Option<Deadline>,
    ) -> Calling {
        Calling {
            lane: self.clone(),
            step: Step::New(Box::new(call), outgoing),
            deadline,
            ticket: None,
            timer: Timer::new(deadline.map(|deadline| deadline.at)),
        }
    }

    /// Makes a call with one message now. Where the peer has ceased to take it, that is the answer.
    pub(crate) fn make(&self, call: Call, framed: Bytes, deadline: Option<Deadline>) -> Made {
        let mut state = self.shared().state();
        let made = match state.ready() {
            Ok(()) => self.put(&mut state, call, Outgoing::Message(framed), deadline),
            Err(error) => Err(Failure::NotCarriedOut(from_command(&error))),
        };
        drop(state);
        made.unwrap_or_else(|failure| Made {
            lane: self.clone(),
            step: Waits::Failed(Some(failure)),
        })
    }

    /// Makes a call that the peer takes.
    fn put(
        &self,
        state: &mut State,
        call: Call,
        outgoing: Outgoing,
        deadline: Option<Deadline>,
    ) -> Result<Made, Failure> {
        let (message, body) = match outgoing {
            Outgoing::Message(mut framed) => {
                framed.advance(PREFIX_LEN.min(framed.len()));
                (Some(framed), None)
            }
            Outgoing::Stream(body) => (None, Some(body)),
        };
        let made = state.connection.call(call, message, body.is_none());
        let stream = made.map_err(|error| Failure::Over(from_command(&error)))?;
        let task = body.map(|body| {
            let sending = Sending::new(self.shared().clone(), stream, body);
            tokio::spawn(sending).abort_handle()
        });
        let slot = Slot {
            deadline,
            task,
            ..Slot::default()
        };
        state.slots.insert(stream, slot);
        state.watch(deadline);
        state.send();
        Ok(Made {
            lane: self.clone(),
            step: Waits::For(stream),
        })
    }
}

impl Calling {
    /// Makes the call, if the peer takes it now.
    fn make(&mut self, waker: &Waker) -> Result<(), Failure> {
        let mut state = self.lane.shared().state();
        match state.ready() {
            Ok(()) => {}
            Err(CommandError::TooManyCalls { .. } | CommandError::HelloPending) => {
                self.ticket = Some(state.wait(self.ticket, waker.clone()));
                return Ok(());
            }
            Err(error) => return Err(Failure::NotCarriedOut(from_command(&error))),
        }
        if let Step::New(call, outgoing) = std::mem::replace(&mut self.step, Step::Done) {
            self.ticket = None;
            let made = self.lane.put(&mut state, *call, outgoing, self.deadline);
            state.next_caller().into_iter().for_each(Waker::wake);
            drop(state);
            self.step = Step::Made(made?);
        }
        Ok(())
    }
}

impl Future for Calling {
    type Output = Result<Response<Inflow>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if matches!(this.step, Step::New(..)) {
            this.make(cx.waker())?;
        }
        match (&mut this.step, this.deadline) {
            (Step::Made(made), _) => Pin::new(made).poll(cx),
            // Once the call is made, the driver looks after its deadline.
            (Step::New(..), Some(deadline)) => {
                let expired = this.timer.poll(cx);
                expired.map(|()| Err(Failure::Over(deadline.exceeded())))
            }
            (Step::New(..) | Step::Done, _) => Poll::Pending,
        }
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.lane.shared().state().leave(ticket);
        }
    }
}

impl Future for Made {
    type Output = Result<Response<Inflow>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let stream = match &mut self.step {
            Waits::For(stream) => *stream,
            Waits::Failed(failure) => {
                return failure.take().map_or(Poll::Pending, |failure| Poll::Ready(Err(failure)));
            }
        };
        let mut state = self.lane.shared().state();
        let Some(slot) = state.slots.get_mut(&stream) else {
            return Poll::Ready(Err(Failure::Over(Status::internal("the call is gone"))));
        };
        if !slot.has_news() {
            match &mut slot.reader {
                Some(reader) => reader.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        let answer = if slot.over.is_some() {
            match state.slots.remove(&stream) {
                Some(slot) => whole(&mut state, stream, slot),
                None => return Poll::Pending,
            }
        } else {
            let head = slot.head.take().unwrap_or_default();
            Ok(response(*head, Inflow::ours(self.lane.clone(), stream)))
        };
        drop(state);
        self.step = Waits::Failed(None);
        Poll::Ready(answer)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Waits::For(stream) = self.step {
            self.lane.shared().state().give_up(stream);
        }
    }
}

/// An answer that is all here, or why there is none.
fn whole(state: &mut State, stream: u64, mut slot: Slot) -> Result<Response<Inflow>, Failure> {
    let begun = slot.head.is_some() || !slot.inbox.is_empty();
    let trailers = match slot.over {
        Some(Over::Ended(end)) => end.into_trailers(),
        Some(Over::Failed(status)) => {
            let lost = Reason::of(&status) == Some(Reason::ConnectionLost);
            return Err(if lost && !begun {
                Failure::Lost(*status)
            } else {
                Failure::Over(*status)
            });
        }
        _ => {
            let status = Reason::Draining.status("the server took no new call");
            return Err(Failure::NotCarriedOut(status));
        }
    };
    for message in &slot.inbox {
        state.taken(stream, message.len());
    }
    let message = slot.inbox.pop_front();
    Ok(match slot.head {
        // gRPC has no other form for an answer that is nothing but a status.
        None if message.is_none() => response(trailers, Inflow::message(None)),
        head => response(
            head.map_or_else(HeaderMap::new, |head| *head),
            Inflow::answer(message, slot.inbox, Some(trailers)),
        ),
    })
}

fn response(head: HeaderMap, body: Inflow) -> Response<Inflow> {
    let mut response = Response::new(body);
    *response.version_mut() = http::Version::HTTP_2;
    *response.headers_mut() = head;
    response
}
