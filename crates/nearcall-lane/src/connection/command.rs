//! What the driver asks of a connection. Nothing is written before [`Connection::output`] is asked for.

use bytes::Bytes;
use http::HeaderMap;

use super::Connection;
use crate::credit::cost;
use crate::error::CommandError;
use crate::head::{Call, End};
use crate::limits::{DETAILS_BYTES_MAX, PATH_BYTES_MAX, QUEUED_MESSAGES_MAX};
use crate::metadata::check;
use crate::stream::{Finish, Stream};

impl Connection {
    /// Makes a call, with its first message where there is one, and says whether it is the last: with both, the call is one
    /// frame. The answer is the call's stream.
    ///
    /// # Errors
    ///
    /// The call was not made: the peer takes none now, or the call is not one that can be sent.
    pub fn call(
        &mut self,
        call: impl Into<Box<Call>>,
        message: Option<Bytes>,
        last: bool,
    ) -> Result<u64, CommandError> {
        let call = call.into();
        let window = self.check_call()?;
        let path = call.path.as_str();
        if !path.starts_with('/') || path.len() > PATH_BYTES_MAX {
            return Err(CommandError::Path {
                max: PATH_BYTES_MAX,
            });
        }
        check(&call.metadata)?;
        if let Some(message) = &message {
            self.check_message(message)?;
        }
        let id = self.next_id;
        self.next_id = id.saturating_add(2);
        let mut stream = Stream::new(true, window, self.limits.stream_window);
        stream.call = Some(call);
        stream.finish = last.then_some(Finish::Close);
        if let Some(message) = message {
            stream.queue.push(message);
        }
        self.streams.insert(id, stream);
        self.ours = self.ours.saturating_add(1);
        self.schedule(id);
        Ok(id)
    }

    /// Sends metadata ahead of the first message of an answer.
    ///
    /// # Errors
    ///
    /// The answer has begun, or the metadata cannot be sent.
    pub fn headers(
        &mut self,
        stream: u64,
        metadata: impl Into<Box<HeaderMap>>,
    ) -> Result<(), CommandError> {
        let metadata = metadata.into();
        check(&metadata)?;
        let found = self.open(stream)?;
        let begun = found.ours || found.answered || found.headers.is_some();
        if begun || !found.queue.is_empty() {
            return Err(CommandError::OutOfOrder {
                stream,
                expected: "metadata once, on a call of the peer's, before the first message",
            });
        }
        found.headers = Some(metadata);
        self.schedule(stream);
        Ok(())
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The stream has ended or was closed, as many messages wait as may, or the peer takes none of this length.
    pub fn message(&mut self, stream: u64, message: Bytes) -> Result<(), CommandError> {
        self.check_message(&message)?;
        let found = self.open(stream)?;
        if found.queue.len() >= QUEUED_MESSAGES_MAX {
            return Err(CommandError::Full {
                max: QUEUED_MESSAGES_MAX,
            });
        }
        found.queue.push(message);
        self.schedule(stream);
        Ok(())
    }

    /// Says that no more messages come for a call of ours.
    ///
    /// # Errors
    ///
    /// The stream has ended, was closed before, or is a call of the peer's, which [`end`](Self::end) ends.
    pub fn close(&mut self, stream: u64) -> Result<(), CommandError> {
        let found = self.open(stream)?;
        if !found.ours {
            return Err(CommandError::OutOfOrder {
                stream,
                expected: "an end, as the call is the peer's",
            });
        }
        found.finish = Some(Finish::Close);
        self.schedule(stream);
        Ok(())
    }

    /// Ends a call of the peer's, after the messages that wait: with none sent before it, the last of them is in the
    /// same frame. Nothing more is told of the stream.
    ///
    /// # Errors
    ///
    /// The stream has ended, is a call of ours, or the status cannot be sent.
    pub fn end(&mut self, stream: u64, end: impl Into<Box<End>>) -> Result<(), CommandError> {
        let end = end.into();
        check(&end.trailers)?;
        if end.details.len() > DETAILS_BYTES_MAX {
            return Err(CommandError::DetailsTooLong {
                length: end.details.len(),
                max: DETAILS_BYTES_MAX,
            });
        }
        let found = self.open(stream)?;
        if found.ours {
            return Err(CommandError::OutOfOrder {
                stream,
                expected: "a close or a cancel, as the call is ours",
            });
        }
        found.finish = Some(Finish::End(end));
        self.silence(stream);
        self.schedule(stream);
        Ok(())
    }

    /// As [`end`](Self::end), ahead of the messages that wait, which are dropped: for a call that fails while its caller
    /// takes nothing.
    ///
    /// # Errors
    ///
    /// As [`end`](Self::end).
    pub fn fail(&mut self, stream: u64, end: impl Into<Box<End>>) -> Result<(), CommandError> {
        let end = end.into();
        if end.code == 0 {
            return Err(CommandError::OutOfOrder {
                stream,
                expected: "a code other than OK, as messages may be dropped",
            });
        }
        self.end(stream, end)?;
        if let Some(found) = self.streams.get_mut(&stream)
            && let Some(finish) = found.finish.take()
        {
            self.cut_short(stream, finish);
        }
        Ok(())
    }

    /// Gives up a call of ours. Nothing more is told of the stream.
    ///
    /// # Errors
    ///
    /// The stream has ended, or is a call of the peer's, which [`end`](Self::end) ends.
    pub fn cancel(&mut self, stream: u64) -> Result<(), CommandError> {
        let found = self.streams.get_mut(&stream);
        let found = found.filter(|found| !found.silent && !found.receive_closed);
        let found = found.ok_or(CommandError::Gone { stream })?;
        if !found.ours {
            return Err(CommandError::OutOfOrder {
                stream,
                expected: "an end, as the call is the peer's",
            });
        }
        if found.call.is_some() {
            self.forget(stream);
            return Ok(());
        }
        // Our half may be closed; the cancellation is told all the same.
        found.send_closed = false;
        self.silence(stream);
        self.cut_short(stream, Finish::Cancel);
        Ok(())
    }

    /// Says that a message of this length was taken, so that its sender may send as much again.
    ///
    /// The stream may have ended since.
    pub fn release(&mut self, stream: u64, length: usize) {
        let cost = cost(length);
        self.read.take(cost);
        let Some(found) = self.streams.get_mut(&stream) else {
            return;
        };
        if !found.receive_closed && !found.silent {
            found.read.take(cost);
            if found.read.is_due() && !found.granting {
                found.granting = true;
                self.credits.push_back(stream);
            }
        }
    }

    /// Asks whether the peer is there; [`Event::Pong`](crate::Event::Pong) has the same number.
    pub const fn ping(&mut self, data: u64) {
        self.ping = Some(data);
    }

    /// Takes no more calls: those that came go on, the peer's others are dropped, and it is told which are which.
    pub const fn go_away(&mut self) {
        if self.going.is_none() {
            self.going = Some(self.highest);
            self.parting = true;
        }
    }

    /// The peer's window for a new stream, if it takes one.
    pub(super) fn check_call(&self) -> Result<u32, CommandError> {
        if self.over.is_some() {
            return Err(CommandError::Over);
        }
        let peer = self.peer.ok_or(CommandError::HelloPending)?;
        if self.peer_going {
            return Err(CommandError::GoingAway);
        }
        let max = peer.limits.calls;
        if self.ours >= max {
            return Err(CommandError::TooManyCalls { max });
        }
        Ok(peer.limits.stream_window)
    }

    fn check_message(&self, message: &Bytes) -> Result<(), CommandError> {
        let max = self.peer.map_or(0, |peer| peer.limits.message_bytes);
        match u32::try_from(message.len()) {
            Ok(length) if length <= max => Ok(()),
            _ => Err(CommandError::MessageTooLong {
                length: message.len(),
                max,
            }),
        }
    }

    /// A stream on which our half is open.
    fn open(&mut self, stream: u64) -> Result<&mut Stream, CommandError> {
        if self.over.is_some() {
            return Err(CommandError::Over);
        }
        let found = self.streams.get_mut(&stream);
        let found = found.filter(|found| !found.send_closed && found.finish.is_none());
        found
            .filter(|found| !found.ours || !found.receive_closed)
            .ok_or(CommandError::Gone { stream })
    }
}
