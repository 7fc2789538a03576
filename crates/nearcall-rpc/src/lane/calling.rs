//! One call of ours.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use http::{HeaderMap, Response};
use nearcall_lane::{Call, CommandError, End};
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

    /// Makes a call with one message, which has no prefix, now. Where the peer has ceased to take it, that is the answer.
    pub(crate) fn make(&self, call: Call, message: Bytes, deadline: Option<Deadline>) -> Made {
        let mut state = self.shared().state();
        let made = match state.ready() {
            Ok(()) => self.put(&mut state, call, Some(message), None, deadline),
            Err(error) => Err(Failure::NotCarriedOut(state.why_not(&error))),
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
        call: impl Into<Box<Call>>,
        message: Option<Bytes>,
        body: Option<Body>,
        deadline: Option<Deadline>,
    ) -> Result<Made, Failure> {
        let made = state.connection.call(call, message, body.is_none());
        let stream = made.map_err(|error| Failure::Over(from_command(&error)))?;
        let task = body.and_then(|body| {
            let shared = self.shared();
            shared.run(Sending::new(Arc::clone(shared), stream, body))
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
            Err(error) => return Err(Failure::NotCarriedOut(state.why_not(&error))),
        }
        if let Step::New(call, outgoing) = std::mem::replace(&mut self.step, Step::Done) {
            self.ticket = None;
            let (message, body) = match outgoing {
                Outgoing::Message(mut framed) => {
                    framed.advance(PREFIX_LEN.min(framed.len()));
                    (Some(framed), None)
                }
                Outgoing::Stream(body) => (None, Some(body)),
            };
            let (lane, deadline) = (&self.lane, self.deadline);
            let made = lane.put(&mut state, call, message, body, deadline);
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

impl Made {
    /// The call's slot once it has what is waited for; the waker is woken when something new comes.
    fn poll_slot(
        &mut self,
        cx: &Context<'_>,
        has: impl FnOnce(&Slot) -> bool,
    ) -> Poll<Result<(u64, MutexGuard<'_, State>), Failure>> {
        let stream = match &mut self.step {
            Waits::For(stream) => *stream,
            Waits::Failed(failure) => {
                return failure
                    .take()
                    .map_or(Poll::Pending, |failure| Poll::Ready(Err(failure)));
            }
        };
        let mut state = self.lane.shared().state();
        let Some(slot) = state.slots.get_mut(&stream) else {
            return Poll::Ready(Err(Failure::Over(Status::internal("the call is gone"))));
        };
        if has(slot) {
            return Poll::Ready(Ok((stream, state)));
        }
        match &mut slot.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// The whole answer of a method that answers with one message.
    pub(crate) fn poll_whole(&mut self, cx: &Context<'_>) -> Poll<Result<Whole, Failure>> {
        // A second message would wait for credit that is not given before the first was read.
        let has = |slot: &Slot| slot.over.is_some() || slot.inbox.len() > 1;
        let (stream, mut state) = ready!(self.poll_slot(cx, has))?;
        let whole = match state.slots.entry(stream) {
            Entry::Occupied(slot) if slot.get().over.is_some() => {
                let slot = slot.remove();
                whole(&mut state, stream, slot)
            }
            _ => {
                let _gone = state.connection.cancel(stream);
                state.forget(stream);
                Err(Failure::Over(Status::internal(
                    "More than one response message.",
                )))
            }
        };
        drop(state);
        self.step = Waits::Failed(None);
        Poll::Ready(whole)
    }
}

impl Future for Made {
    type Output = Result<Response<Inflow>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let lane = self.lane.clone();
        let (stream, mut state) = ready!(self.poll_slot(cx, Slot::has_news))?;
        let answer = match state.slots.entry(stream) {
            Entry::Occupied(slot) if slot.get().over.is_some() => {
                let slot = slot.remove();
                whole(&mut state, stream, slot).map(Whole::into_response)
            }
            Entry::Occupied(mut slot) => {
                let head = slot.get_mut().head.take().unwrap_or_default();
                Ok(response(*head, Inflow::ours(lane, stream)))
            }
            Entry::Vacant(_) => return Poll::Pending,
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

/// An answer that is all here.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) head: Option<Box<HeaderMap>>,
    pub(crate) inbox: VecDeque<Bytes>,
    pub(crate) end: Box<End>,
}

impl Whole {
    /// Whether there was anything before the end.
    pub(crate) fn begun(&self) -> bool {
        self.head.is_some() || !self.inbox.is_empty()
    }

    /// As generated code takes it.
    pub(crate) fn into_response(mut self) -> Response<Inflow> {
        let trailers = self.end.into_trailers();
        let message = self.inbox.pop_front();
        match self.head {
            // gRPC has no other form for an answer that is nothing but a status.
            None if message.is_none() => response(trailers, Inflow::message(None)),
            head => response(
                head.map_or_else(HeaderMap::new, |head| *head),
                Inflow::answer(message, self.inbox, Some(trailers)),
            ),
        }
    }
}

/// An answer that is all here, or why there is none.
fn whole(state: &mut State, stream: u64, slot: Slot) -> Result<Whole, Failure> {
    let begun = slot.head.is_some() || !slot.inbox.is_empty();
    for message in &slot.inbox {
        state.taken(stream, message.len());
    }
    match slot.over {
        Some(Over::Ended(end)) => Ok(Whole {
            head: slot.head,
            inbox: slot.inbox,
            end,
        }),
        Some(Over::Failed(status)) => {
            let lost = Reason::of(&status) == Some(Reason::ConnectionLost);
            Err(if lost && !begun {
                Failure::Lost(*status)
            } else {
                Failure::Over(*status)
            })
        }
        _ => {
            let status = Reason::Draining.status("the server took no new call");
            Err(Failure::NotCarriedOut(status))
        }
    }
}

fn response(head: HeaderMap, body: Inflow) -> Response<Inflow> {
    let mut response = Response::new(body);
    *response.version_mut() = http::Version::HTTP_2;
    *response.headers_mut() = head;
    response
}
