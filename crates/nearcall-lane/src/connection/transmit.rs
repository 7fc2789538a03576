//! What goes out, and in which order: a round robin over the streams that have something, a piece each.

use bytes::{Buf, Bytes};

use super::Connection;
use crate::credit::cost;
use crate::event::Event;
use crate::frame::Frame;
use crate::limits::{OUTPUT_BYTES_MAX, PIECE_BYTES_MAX};
use crate::output::Output;
use crate::stream::{Finish, Place, Stream};

/// What a stream may do at its turn.
enum Credit {
    /// Send the front of its queue.
    Some,
    /// Wait for its own credit.
    StreamHasNone,
    /// Wait for the connection's.
    ConnectionHasNone,
}

impl Connection {
    /// What is to be written now; [`Buf::advance`] says how much of it was. Ask again after each write: what was given may
    /// not be all.
    pub fn output(&mut self) -> &mut Output {
        self.fill();
        &mut self.output
    }

    fn fill(&mut self) {
        if self.over.is_some() || self.peer.is_none() || self.is_full() {
            return;
        }
        if let Some(data) = self.pong.take() {
            self.put(0, &Frame::Pong(data), 0);
        }
        if let Some(data) = self.ping.take() {
            self.put(0, &Frame::Ping(data), 0);
        }
        if std::mem::take(&mut self.parting) {
            let last = self.going.unwrap_or(self.highest);
            let text = "the peer goes away".to_owned();
            self.put(
                0,
                &Frame::GoAway {
                    last,
                    code: 0,
                    text,
                },
                0,
            );
        }
        if self.read.is_due() {
            let amount = self.read.grant();
            self.put(0, &Frame::Credit(amount), 0);
        }
        while !self.is_full() {
            let Some(id) = self.credits.pop_front() else {
                break;
            };
            if let Some(stream) = self.streams.get_mut(&id) {
                stream.granting = false;
                if !stream.receive_closed && stream.read.is_due() {
                    let amount = stream.read.grant();
                    self.put(id, &Frame::Credit(amount), 0);
                }
            }
        }
        while !self.is_full() {
            let Some(id) = self.ring.pop_front() else {
                break;
            };
            self.turn(id);
        }
    }

    fn is_full(&self) -> bool {
        self.output.remaining() >= OUTPUT_BYTES_MAX
    }

    /// Sends what one stream may send now.
    fn turn(&mut self, id: u64) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        stream.place = Place::Nowhere;
        if let Some(call) = stream.call.take() {
            let credit = credit_for(stream, self.send.is_some());
            let message = whole(stream, &credit);
            let last = matches!(stream.finish, Some(Finish::Close)) && stream.queue.is_empty();
            if last {
                stream.finish = None;
                stream.send_closed = true;
            }
            let frame = Frame::Call {
                call,
                message: message.is_some(),
                last,
            };
            self.put_with(id, &frame, message);
        } else if matches!(stream.finish, Some(Finish::Cancel)) {
            stream.finish = None;
            stream.send_closed = true;
            self.put(id, &Frame::Cancel, 0);
        } else if !self.end_turn(id) && !self.message_turn(id) {
            return;
        }
        self.after_turn(id);
    }

    /// The end of an answer, with the message that is left; false if there are others before it.
    fn end_turn(&mut self, id: u64) -> bool {
        let Some(stream) = self.streams.get_mut(&id) else {
            return false;
        };
        let message = match (stream.queue.len(), &stream.finish) {
            (0, Some(Finish::End(_))) => None,
            (1, Some(Finish::End(_))) => {
                let credit = credit_for(stream, self.send.is_some());
                match whole(stream, &credit) {
                    None => return false,
                    message => message,
                }
            }
            _ => return false,
        };
        let Some(Finish::End(end)) = stream.finish.take() else {
            return false;
        };
        stream.send_closed = true;
        let frame = Frame::End {
            headers: stream.headers.take(),
            end,
            message: message.is_some(),
        };
        self.put_with(id, &frame, message);
        true
    }

    /// Headers, then a message or a piece of one; false if there was nothing to send or no credit.
    fn message_turn(&mut self, id: u64) -> bool {
        let Some(stream) = self.streams.get_mut(&id) else {
            return false;
        };
        if let Some(headers) = stream.headers.take() {
            stream.answered = true;
            self.put(id, &Frame::Headers(headers), 0);
        }
        let Some(stream) = self.streams.get_mut(&id) else {
            return false;
        };
        let Some(length) = stream.queue.front().map(Bytes::len) else {
            let closes = matches!(stream.finish, Some(Finish::Close));
            if closes {
                stream.finish = None;
                stream.send_closed = true;
                self.put(id, &Frame::Close, 0);
            }
            return closes;
        };
        let begins = !stream.queue.begun;
        if begins {
            match credit_for(stream, self.send.is_some()) {
                Credit::Some => {}
                Credit::StreamHasNone => return false,
                Credit::ConnectionHasNone => {
                    stream.place = Place::Starved;
                    self.starve(id);
                    return false;
                }
            }
            stream.send.spend(cost(length));
            self.send.spend(cost(length));
        }
        let Some((bytes, whole)) = stream.queue.take(PIECE_BYTES_MAX) else {
            return false;
        };
        stream.answered = true;
        let last = whole && stream.queue.is_empty() && matches!(stream.finish, Some(Finish::Close));
        if last {
            stream.finish = None;
            stream.send_closed = true;
        }
        let total = (begins && !whole).then(|| u32::try_from(length).unwrap_or(u32::MAX));
        let frame = Frame::Piece {
            total,
            more: !whole,
            last,
        };
        self.put_message(id, &frame, bytes);
        true
    }

    /// Writes a frame that may have a message which is yet to be paid for.
    fn put_with(&mut self, id: u64, frame: &Frame, message: Option<Bytes>) {
        match message {
            None => self.put(id, frame, 0),
            Some(message) => {
                self.send.spend(cost(message.len()));
                self.put_message(id, frame, message);
            }
        }
    }

    fn put_message(&mut self, id: u64, frame: &Frame, message: Bytes) {
        self.put(id, frame, message.len());
        self.output.message(message);
    }

    /// Lets the stream have another turn, or go.
    fn after_turn(&mut self, id: u64) {
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        let waits = stream.queue.is_empty() && stream.finish.is_none();
        if waits && !stream.send_closed && !stream.silent {
            self.events.push_back(Event::Drained { stream: id });
        }
        self.settle(id);
        self.schedule(id);
    }

    fn starve(&mut self, id: u64) {
        // Streams that are gone stay in the list; it is swept before they are many.
        let sweep_at = self.streams.len().saturating_mul(2).max(64);
        if self.starved.len() >= sweep_at {
            let streams = &self.streams;
            let mut seen = std::collections::HashSet::new();
            self.starved.retain(|id| {
                let place = streams.get(id).map(|stream| stream.place);
                place == Some(Place::Starved) && seen.insert(*id)
            });
        }
        self.starved.push_back(id);
    }

    /// Gives those their turn that waited for the connection's credit.
    pub(super) fn feed(&mut self) {
        while let Some(id) = self.starved.pop_front() {
            if let Some(stream) = self.streams.get_mut(&id)
                && stream.place == Place::Starved
            {
                stream.place = Place::Nowhere;
                self.schedule(id);
            }
        }
    }
}

const fn credit_for(stream: &Stream, connection_has: bool) -> Credit {
    if !stream.send.is_some() {
        Credit::StreamHasNone
    } else if connection_has {
        Credit::Some
    } else {
        Credit::ConnectionHasNone
    }
}

/// The first message that waits, paid by its stream, if it can go in one frame with something else.
fn whole(stream: &mut Stream, credit: &Credit) -> Option<Bytes> {
    let length = stream.queue.front()?.len();
    if stream.queue.begun || length > PIECE_BYTES_MAX || !matches!(credit, Credit::Some) {
        return None;
    }
    stream.send.spend(cost(length));
    stream.queue.take(PIECE_BYTES_MAX).map(|(bytes, _)| bytes)
}
