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

/// A call, until the head of its answer is there. Dropped before that, it is cancelled.
#[derive(Debug)]
pub(crate) struct Calling {
    lane: Lane,
    step: Step,
    deadline: Option<Deadline>,
    /// Its place among those who wait until the peer takes one more call, and how long it waits there.
    ticket: Option<u64>,
    timer: Timer,
}

#[derive(Debug)]
enum Step {
    /// The peer takes no more calls at once yet, or was not asked.
    New(Box<Call>, Outgoing),
    Made(u64),
    Done,
}

impl Lane {
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
}

impl Calling {
    /// Makes the call, if the peer takes it now.
    fn make(&mut self, waker: &Waker) -> Result<(), Failure> {
        let shared = self.lane.shared();
        let mut state = shared.state();
        if let Some(lost) = &state.lost {
            return Err(Failure::NotCarriedOut(lost.clone()));
        }
        match state.connection.ready() {
            Ok(()) => {}
            Err(CommandError::TooManyCalls { .. } | CommandError::HelloPending) => {
                self.ticket = Some(state.wait(self.ticket, waker.clone()));
                return Ok(());
            }
            Err(error) => return Err(Failure::NotCarriedOut(from_command(&error))),
        }
        let Step::New(call, outgoing) = std::mem::replace(&mut self.step, Step::Done) else {
            return Ok(());
        };
        let (message, body) = match outgoing {
            Outgoing::Message(mut framed) => {
                framed.advance(PREFIX_LEN.min(framed.len()));
                (Some(framed), None)
            }
            Outgoing::Stream(body) => (None, Some(body)),
        };
        let stream = state
            .connection
            .call(*call, message, body.is_none())
            .map_err(|error| Failure::Over(from_command(&error)))?;
        self.step = Step::Made(stream);
        let mut slot = Slot {
            reader: Some(waker.clone()),
            deadline: self.deadline,
            ..Slot::default()
        };
        if let Some(body) = body {
            let sending = Sending::new(shared.clone(), stream, body);
            slot.task = Some(tokio::spawn(sending).abort_handle());
        }
        state.slots.insert(stream, slot);
        state.watch(self.deadline);
        state.send();
        self.ticket = None;
        state.next_caller().into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// The answer, once it has begun.
    fn answer(&mut self, stream: u64, waker: &Waker) -> Poll<Result<Response<Inflow>, Failure>> {
        let mut state = self.lane.shared().state();
        let Some(slot) = state.slots.get_mut(&stream) else {
            return Poll::Ready(Err(Failure::Over(Status::internal("the call is gone"))));
        };
        if !slot.has_news() {
            slot.reader = Some(waker.clone());
            return Poll::Pending;
        }
        let answer = if slot.over.is_some() {
            state
                .slots
                .remove(&stream)
                .map(|slot| whole(&mut state, stream, slot))
        } else {
            let head = slot.head.take().unwrap_or_default();
            let body = Inflow::ours(self.lane.clone(), stream);
            Some(Ok(response(head, body)))
        };
        drop(state);
        self.step = Step::Done;
        answer.map_or(Poll::Pending, Poll::Ready)
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
            head.unwrap_or_default(),
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

impl Future for Calling {
    type Output = Result<Response<Inflow>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if matches!(self.step, Step::New(..)) {
            self.make(cx.waker())?;
        }
        match (&self.step, self.deadline) {
            (Step::Made(stream), _) => {
                let stream = *stream;
                self.answer(stream, cx.waker())
            }
            // Once the call is made, the driver looks after its deadline.
            (Step::New(..), Some(deadline)) => {
                let expired = self.timer.poll(cx);
                expired.map(|()| Err(Failure::Over(deadline.exceeded())))
            }
            (Step::New(..) | Step::Done, _) => Poll::Pending,
        }
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        match self.step {
            Step::Made(stream) => self.lane.shared().state().give_up(stream),
            Step::New(..) => {
                if let Some(ticket) = self.ticket {
                    self.lane.shared().state().leave(ticket);
                }
            }
            Step::Done => {}
        }
    }
}
