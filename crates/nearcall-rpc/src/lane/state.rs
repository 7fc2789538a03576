//! What everybody who uses a connection shares, under its lock.

use std::collections::BTreeMap;
use std::io;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use bytes::{Buf, BytesMut};
use nearcall_lane::{Call, CommandError, Connection, End, Event, StreamMap, Violation};
use tonic::Status;

use super::batch::Batch;
use super::slot::{Over, Slot};
use super::writer::Writer;
use crate::deadline::Deadline;
use crate::layer::trailers;
use crate::status::{Reason, from_command};

/// A call of the peer's that nobody has looked at yet.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) stream: u64,
    pub(crate) call: Box<Call>,
    pub(crate) message: Option<bytes::Bytes>,
    pub(crate) last: bool,
}

/// Whether more can be sent on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Yes.
    Some,
    /// Not before what waits was sent; the task is woken then.
    None,
    /// Never again.
    Gone,
}

/// The connection and its calls.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) connection: Connection,
    writer: Writer,
    pub(crate) slots: StreamMap<Slot>,
    /// Those who wait until the peer takes one more call, in order.
    waiting: BTreeMap<u64, Waker>,
    next_ticket: u64,
    /// The earliest deadline that the driver has to look after.
    pub(crate) next_deadline: Option<Instant>,
    /// Who drives: reads, and writes when the socket has room again.
    pub(crate) driver: Waker,
    /// Whether nobody makes calls any more.
    pub(crate) unused: bool,
    /// What the system said when it took no more bytes.
    pub(crate) broken: Option<io::Error>,
    /// Why the peer ended the connection, where it said so: a rule that was broken here.
    pub(crate) ended_by: Option<String>,
    /// Why the connection is over.
    pub(crate) lost: Option<Status>,
}

impl State {
    pub(crate) fn new(connection: Connection, writer: Writer) -> Self {
        Self {
            connection,
            writer,
            slots: StreamMap::default(),
            waiting: BTreeMap::new(),
            next_ticket: 0,
            next_deadline: None,
            driver: Waker::noop().clone(),
            unused: false,
            broken: None,
            ended_by: None,
            lost: None,
        }
    }

    pub(crate) fn wake_driver(&self) {
        self.driver.wake_by_ref();
    }

    /// Whether a call would be taken now, or why not.
    pub(crate) fn ready(&self) -> Result<(), CommandError> {
        if self.lost.is_some() {
            return Err(CommandError::Over);
        }
        self.connection.ready()
    }

    /// What a caller is told where no call is taken: how the connection ended, if it did.
    pub(crate) fn why_not(&self, error: &CommandError) -> Status {
        self.lost.clone().unwrap_or_else(|| from_command(error))
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready().is_ok()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lost.is_some()
            || matches!(
                self.connection.ready(),
                Err(CommandError::GoingAway | CommandError::Over)
            )
    }

    /// Writes at once where this is the only thing that is going on, which saves the driver's turn; where other calls
    /// are open, the driver writes what has come together.
    pub(crate) fn send(&mut self) {
        if !self.connection.has_output() {
            return;
        }
        if self.connection.open_calls() > 1 && self.writer.has_task() {
            self.wake_driver();
            return;
        }
        if let Poll::Ready(Err(error)) = self.poll_write() {
            self.broken = Some(error);
            self.wake_driver();
        }
    }

    /// As [`poll_write`](Self::poll_write), by who drives the connection now and is woken from here on.
    pub(crate) fn poll_write_by(&mut self, driver: &Waker) -> Poll<io::Result<()>> {
        if !self.driver.will_wake(driver) {
            self.driver = driver.clone();
        }
        self.poll_write()
    }

    /// Writes what there is to write. The driver is woken once the socket has room again.
    pub(crate) fn poll_write(&mut self) -> Poll<io::Result<()>> {
        if self.broken.is_some() {
            // Said once; what the peer sent before is still read.
            return Poll::Ready(Ok(()));
        }
        let driver = std::mem::replace(&mut self.driver, Waker::noop().clone());
        let written = self.poll_write_with(&mut Context::from_waker(&driver));
        self.driver = driver;
        self.settle();
        written
    }

    fn poll_write_with(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let output = self.connection.output();
            if !output.has_remaining() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.writer.poll_write(cx, output))?;
        }
    }

    /// Lets go of the connection once its driver ends.
    pub(crate) fn close(&mut self) {
        self.writer.close();
    }

    /// Tells those who wait for room that there is some, after a write.
    fn settle(&mut self) {
        let nothing = &mut BytesMut::new();
        while let Ok(Some(event)) = self.connection.receive(nothing) {
            if let Event::Drained { stream } = event
                && let Some(waker) = self
                    .slots
                    .get_mut(&stream)
                    .and_then(|slot| slot.writer.take())
            {
                waker.wake();
            }
        }
    }

    /// Takes in what was read, up to the peer's next call: what came for calls goes to their slots, whose readers are to be
    /// woken once the lock is free again. None once nothing is left to take in.
    pub(crate) fn receive(
        &mut self,
        read: &mut BytesMut,
        wakers: &mut Vec<Waker>,
    ) -> Result<Option<Arrived>, Violation> {
        while let Some(event) = self.connection.receive(read)? {
            match event {
                Event::Hello(_) => {}
                Event::Call {
                    stream,
                    call,
                    message,
                    last,
                } => {
                    // Where it is all there is, its handler has it at once.
                    if let Some(message) = message.as_ref().filter(|_| last) {
                        self.connection.release(stream, message.len());
                    }
                    return Ok(Some(Arrived {
                        stream,
                        call,
                        message,
                        last,
                    }));
                }
                Event::GoAway { last, code, text } => {
                    tracing::debug!(last, code, text, "the peer goes away");
                    if code != 0 {
                        self.ended_by = Some(text);
                    }
                    wakers.extend(std::mem::take(&mut self.waiting).into_values());
                }
                other => self.deliver(other, wakers),
            }
        }
        wakers.extend(self.next_caller());
        Ok(None)
    }

    /// The next of those who wait until the peer takes one more call, if it does. Who was woken wakes the next.
    pub(crate) fn next_caller(&mut self) -> Option<Waker> {
        if self.waiting.is_empty() || !self.connection.may_call() {
            return None;
        }
        self.waiting.pop_first().map(|(_, waker)| waker)
    }

    /// Takes a place among those who wait, or keeps the one there was.
    pub(crate) fn wait(&mut self, ticket: Option<u64>, waker: Waker) -> u64 {
        let ticket = ticket.unwrap_or_else(|| {
            self.next_ticket += 1;
            self.next_ticket
        });
        self.waiting.insert(ticket, waker);
        ticket
    }

    /// Gives a place up. Who was woken and does not call lets the next one.
    pub(crate) fn leave(&mut self, ticket: u64) {
        if self.waiting.remove(&ticket).is_none() {
            self.next_caller().into_iter().for_each(Waker::wake);
        }
    }

    /// Notes that a message was taken, so that its sender may send more.
    pub(crate) fn taken(&mut self, stream: u64, length: usize) {
        self.connection.release(stream, length);
        // Credit alone is no hurry, and most messages make none due.
        if self.connection.has_output() {
            self.wake_driver();
        }
    }

    /// Hands messages of ours to the connection. Where one cannot be sent, the call ends with that.
    pub(crate) fn say(&mut self, stream: u64, batch: Batch) {
        match batch.put(&mut self.connection, stream) {
            Ok(()) | Err(CommandError::Gone { .. } | CommandError::Over) => {}
            Err(error) => {
                let _gone = self.connection.cancel(stream);
                if let Some(slot) = self.slots.get_mut(&stream) {
                    slot.over
                        .get_or_insert(Over::Failed(Box::new(from_command(&error))));
                    slot.reader.take().into_iter().for_each(Waker::wake);
                }
            }
        }
    }

    /// What came for one call.
    fn deliver(&mut self, event: Event, wakers: &mut Vec<Waker>) {
        let stream = match &event {
            Event::Headers { stream, .. }
            | Event::Message { stream, .. }
            | Event::Closed { stream }
            | Event::End { stream, .. }
            | Event::Cancelled { stream }
            | Event::NotCarriedOut { stream }
            | Event::Drained { stream } => *stream,
            _ => return,
        };
        if let Event::Cancelled { .. } = &event {
            self.cancelled(stream, wakers);
            return;
        }
        let Some(slot) = self.slots.get_mut(&stream) else {
            return;
        };
        match event {
            Event::Headers { metadata, .. } => slot.head = Some(metadata),
            Event::Message { message, last, .. } => {
                slot.inbox.push_back(message);
                if last {
                    slot.over = Some(Over::Closed);
                }
            }
            Event::Closed { .. } => slot.over = Some(Over::Closed),
            Event::End {
                headers,
                message,
                end,
                ..
            } => {
                if headers.is_some() {
                    slot.head = headers;
                }
                slot.inbox.extend(message);
                slot.over = Some(Over::Ended(end));
                slot.stop_sending();
            }
            Event::NotCarriedOut { .. } => {
                slot.over = Some(Over::NotCarriedOut);
                slot.stop_sending();
            }
            Event::Drained { .. } => {
                wakers.extend(slot.writer.take());
                return;
            }
            _ => return,
        }
        wakers.extend(slot.reader.take());
    }

    /// Notes when a call of ours ends, and lets the driver know if that is earlier than what it looks after.
    pub(crate) fn watch(&mut self, deadline: Option<Deadline>) {
        let Some(deadline) = deadline else {
            return;
        };
        if self.next_deadline.is_none_or(|next| deadline.at < next) {
            self.next_deadline = Some(deadline.at);
            self.wake_driver();
        }
    }

    /// Ends those of our calls whose time is up, and finds when the next one is.
    pub(crate) fn expire(&mut self, now: Instant, wakers: &mut Vec<Waker>) {
        let mut next: Option<Instant> = None;
        let mut expired = Vec::new();
        for (stream, slot) in &mut self.slots {
            match slot.deadline {
                Some(deadline) if deadline.at <= now && slot.over.is_none() => {
                    slot.over = Some(Over::Failed(Box::new(deadline.exceeded())));
                    slot.stop_sending();
                    wakers.extend(slot.reader.take());
                    expired.push(*stream);
                }
                Some(deadline) if slot.over.is_none() => {
                    next = Some(next.map_or(deadline.at, |next| next.min(deadline.at)));
                }
                _ => {}
            }
        }
        for stream in expired {
            let _gone = self.connection.cancel(stream);
        }
        self.next_deadline = next;
    }

    /// Answers a call of the peer's where there is nobody to serve it.
    pub(crate) fn refuse(&mut self, stream: u64) {
        let status = Reason::UnknownService.status("this client hosts no service");
        self.fail(stream, &status);
    }

    /// Ends everything.
    pub(crate) fn lose(&mut self, why: &Status, wakers: &mut Vec<Waker>) {
        self.lost.get_or_insert_with(|| why.clone());
        wakers.extend(std::mem::take(&mut self.waiting).into_values());
        for (stream, slot) in &mut self.slots {
            if slot.over.is_none() || matches!(slot.over, Some(Over::Closed)) {
                slot.over = Some(match self.connection.is_unsent(*stream) {
                    true => Over::NotCarriedOut,
                    false => Over::Failed(Box::new(why.clone())),
                });
            }
            slot.stop_sending();
            wakers.extend(slot.reader.take());
            wakers.extend(slot.writer.take());
        }
    }

    /// Gives a call of ours up, unless it is over.
    pub(crate) fn give_up(&mut self, stream: u64) {
        if let Some(slot) = self.slots.get_mut(&stream) {
            slot.stop_sending();
            let _gone = self.connection.cancel(stream);
            self.forget(stream);
            self.send();
        }
    }

    /// Ends a call of the peer's that it gave up. Whoever still reads its messages finds that it is gone.
    fn cancelled(&mut self, stream: u64, wakers: &mut Vec<Waker>) {
        if let Some(slot) = self.slots.get_mut(&stream) {
            slot.stop_sending();
            wakers.extend(slot.reader.take());
            wakers.extend(slot.writer.take());
            self.forget(stream);
        }
    }

    /// Forgets a call that has ended. What came for it and was never read is given back to the connection.
    pub(crate) fn forget(&mut self, stream: u64) {
        let unread = self.slots.remove(&stream).map(|slot| slot.inbox);
        for message in unread.unwrap_or_default() {
            self.connection.release(stream, message.len());
        }
    }

    /// Whether there is room to send on a call; the task is woken once there is.
    pub(crate) fn room(&mut self, stream: u64, cx: &Context<'_>) -> Room {
        if self.connection.is_clear(stream) {
            return Room::Some;
        }
        match self.slots.get_mut(&stream) {
            Some(slot) if self.lost.is_none() => {
                slot.writer = Some(cx.waker().clone());
                Room::None
            }
            _ => Room::Gone,
        }
    }

    /// Ends a call of the peer's with a status, ahead of what waits to be sent on it.
    pub(crate) fn fail(&mut self, stream: u64, status: &Status) {
        let trailers = trailers(status).into_trailers().unwrap_or_default();
        let _gone = self.connection.fail(stream, End::from_trailers(trailers));
        self.forget(stream);
        self.send();
    }

    /// Hands an answer, or a part of one, to the connection. Where something in it cannot be sent, the call ends with
    /// that instead; where the call is over, nothing is done.
    pub(crate) fn answer(&mut self, stream: u64, batch: Batch) {
        let ends = batch.ends();
        match batch.put(&mut self.connection, stream) {
            Ok(()) if ends => self.forget(stream),
            Ok(()) | Err(CommandError::Gone { .. } | CommandError::Over) => {}
            Err(error) => self.fail(stream, &from_command(&error)),
        }
    }
}
