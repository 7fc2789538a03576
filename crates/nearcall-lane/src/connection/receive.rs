//! What comes in, held against the rules.

use bytes::{Buf, Bytes, BytesMut};

use super::Connection;
use super::message::{Piece, unfinished};
use crate::event::Event;
use crate::frame::{Frame, HEADER_BYTES, Header, Hello, Kind, MAGIC, VERSIONS, decode};
use crate::head::{CANCELLED, Call, End};
use crate::stream::{Finish, Stream};
use crate::table::WriteTable;
use crate::violation::Violation;

impl Connection {
    /// The next event of what was read, which is taken from the front of `read`; none until more was read. An incomplete
    /// frame stays in `read`, and is never longer than [`FRAME_BYTES_MAX`](crate::limits::FRAME_BYTES_MAX) and its header.
    ///
    /// # Errors
    ///
    /// The peer broke a rule. The output then says so to the peer, and nothing else comes of this connection.
    pub fn receive(&mut self, read: &mut BytesMut) -> Result<Option<Event>, Violation> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if let Some(violation) = &self.over {
                return Err(violation.clone());
            }
            match self.frame(read) {
                Ok(Step::Event(event)) => return Ok(Some(event)),
                Ok(Step::Nothing) => {}
                Ok(Step::Incomplete) => return Ok(None),
                Err(violation) => {
                    self.end_over(&violation);
                    return Err(violation);
                }
            }
        }
    }

    fn end_over(&mut self, violation: &Violation) {
        if self.opened {
            let frame = Frame::GoAway {
                last: self.going.unwrap_or(self.highest),
                code: violation.code(),
                text: violation.to_string(),
            };
            self.put(0, &frame, 0);
        }
        self.over = Some(violation.clone());
        self.streams.clear();
        self.ours = 0;
        self.ring.clear();
        self.starved.clear();
        self.credits.clear();
    }

    fn frame(&mut self, read: &mut BytesMut) -> Result<Step, Violation> {
        if !self.opened {
            let Some(found) = read.first_chunk::<8>() else {
                return Ok(Step::Incomplete);
            };
            if *found != MAGIC {
                return Err(Violation::Magic { found: *found });
            }
            read.advance(MAGIC.len());
            self.opened = true;
        }
        let Some(header) = Header::read(read) else {
            return Ok(Step::Incomplete);
        };
        let length = header.body()?;
        let kind = header.kind()?;
        match (self.peer.is_some(), kind) {
            (false, Some(Kind::Hello)) => {}
            (false, _) => return Err(Violation::HelloMissing { kind: header.kind }),
            (true, Some(Kind::Hello)) => return Err(Violation::HelloRepeated),
            (true, _) => {}
        }
        let Some(body) = read.get(HEADER_BYTES..).and_then(|rest| rest.get(..length)) else {
            return Ok(Step::Incomplete);
        };
        let Some(kind) = kind else {
            read.advance(HEADER_BYTES.saturating_add(length));
            return Ok(Step::Nothing);
        };
        let (frame, message) = decode(kind, header.flags, body, &mut self.read_table)?;
        read.advance(HEADER_BYTES.saturating_add(length.saturating_sub(message)));
        let message = self.take_out(read, message);
        let event = self.apply(kind, header.stream, frame, message)?;
        Ok(event.map_or(Step::Nothing, Step::Event))
    }

    fn apply(
        &mut self,
        kind: Kind,
        id: u64,
        frame: Frame,
        bytes: Bytes,
    ) -> Result<Option<Event>, Violation> {
        match frame {
            Frame::Hello(hello) => self.on_hello(hello).map(Some),
            Frame::Call {
                call,
                message,
                last,
            } => self.on_call(id, call, message.then_some(bytes), last),
            Frame::Headers(metadata) => {
                let stream = self.sender(kind, id, true)?;
                if std::mem::replace(&mut stream.begun, true) {
                    return Err(Violation::OutOfOrder {
                        kind,
                        stream: id,
                        expected: "nothing that comes first",
                    });
                }
                let event = Event::Headers {
                    stream: id,
                    metadata,
                };
                Ok((!stream.silent).then_some(event))
            }
            Frame::Piece { total, more, last } => {
                self.on_piece(id, Piece { bytes, total, more }, last)
            }
            Frame::Close => self.on_close(kind, id),
            Frame::End {
                headers,
                end,
                message,
            } => self.on_end(id, headers, end, message.then_some(bytes)),
            Frame::Cancel => self.on_cancel(kind, id),
            Frame::Credit(amount) => self.on_credit(kind, id, amount),
            Frame::Ping(data) => {
                self.pong = Some(data);
                Ok(None)
            }
            Frame::Pong(data) => Ok(Some(Event::Pong(data))),
            Frame::GoAway { last, code, text } => Ok(Some(self.on_go_away(last, code, text))),
        }
    }

    fn on_hello(&mut self, hello: Hello) -> Result<Event, Violation> {
        let (ours_min, ours_max) = VERSIONS;
        if hello.version_max < ours_min || hello.version_min > ours_max {
            return Err(Violation::Version {
                ours_min,
                ours_max,
                theirs_min: hello.version_min,
                theirs_max: hello.version_max,
            });
        }
        let limits = &hello.limits;
        self.send = crate::credit::SendCredit::new(limits.connection_window);
        self.write_table = WriteTable::new(limits.table_entries, limits.table_bytes);
        self.peer = Some(hello);
        Ok(Event::Hello(hello))
    }

    fn on_call(
        &mut self,
        id: u64,
        call: Box<Call>,
        message: Option<Bytes>,
        last: bool,
    ) -> Result<Option<Event>, Violation> {
        if self.side.calls(id) || id <= self.highest {
            return Err(Violation::CallId {
                highest: self.highest,
                found: id,
            });
        }
        let max = self.limits.calls;
        let theirs = self
            .streams
            .len()
            .saturating_sub(usize::try_from(self.ours).unwrap_or(0));
        if theirs >= usize::try_from(max).unwrap_or(usize::MAX) {
            return Err(Violation::TooManyCalls { max });
        }
        self.highest = id;
        let window = self.peer.map_or(0, |peer| peer.limits.stream_window);
        let mut stream = Stream::new(false, window, self.limits.stream_window);
        // Calls after our GOAWAY are not carried out; the peer drops them too once it has read it.
        stream.silent = self.going.is_some();
        stream.send_closed = stream.silent;
        let silent = stream.silent;
        self.streams.insert(id, stream);
        let message = match message {
            None => None,
            Some(bytes) => self.take_in(
                Kind::Call,
                id,
                Piece {
                    bytes,
                    total: None,
                    more: false,
                },
            )?,
        };
        if last {
            self.close_receiving(id);
        }
        Ok((!silent).then_some(Event::Call {
            stream: id,
            call,
            message,
            last,
        }))
    }

    fn on_piece(&mut self, id: u64, piece: Piece, last: bool) -> Result<Option<Event>, Violation> {
        let kind = Kind::Message;
        let ours = self.side.calls(id);
        if last && ours {
            return Err(Violation::WrongSide { kind, stream: id });
        }
        self.sender(kind, id, ours)?.begun = true;
        let message = self.take_in(kind, id, piece)?;
        if last {
            let told = self.is_told(id);
            self.close_receiving(id);
            // A message that nobody wants is not told, and neither is its being the last.
            return Ok(message.filter(|_| told).map(|message| Event::Message {
                stream: id,
                message,
                last,
            }));
        }
        Ok(message.map(|message| Event::Message {
            stream: id,
            message,
            last,
        }))
    }

    fn on_close(&mut self, kind: Kind, id: u64) -> Result<Option<Event>, Violation> {
        let stream = self.sender(kind, id, false)?;
        if stream.assembly.is_some() {
            return Err(unfinished(kind, id));
        }
        let told = !stream.silent;
        self.close_receiving(id);
        Ok(told.then_some(Event::Closed { stream: id }))
    }

    fn on_end(
        &mut self,
        id: u64,
        headers: Option<Box<http::HeaderMap>>,
        end: Box<End>,
        message: Option<Bytes>,
    ) -> Result<Option<Event>, Violation> {
        let kind = Kind::End;
        let stream = self.sender(kind, id, true)?;
        // Only a call that failed may end in the middle of a message.
        let broken_off = stream.assembly.is_some();
        if broken_off && (end.code == 0 || message.is_some()) {
            return Err(unfinished(kind, id));
        }
        if headers.is_some() && stream.begun {
            return Err(Violation::OutOfOrder {
                kind,
                stream: id,
                expected: "an end without initial metadata",
            });
        }
        let told = !stream.silent;
        if broken_off {
            self.silence(id);
        }
        let message = match message {
            None => None,
            Some(bytes) => self.take_in(
                kind,
                id,
                Piece {
                    bytes,
                    total: None,
                    more: false,
                },
            )?,
        };
        self.close_receiving(id);
        let open = self.streams.get(&id).is_some_and(|stream| {
            // A cancellation that is on its way closes our half already.
            !stream.send_closed && !matches!(stream.finish, Some(Finish::Cancel))
        });
        if open {
            self.silence(id);
            self.cut_short(id, Finish::Cancel);
        }
        Ok(told.then_some(Event::End {
            stream: id,
            headers,
            message,
            end,
        }))
    }

    fn on_cancel(&mut self, kind: Kind, id: u64) -> Result<Option<Event>, Violation> {
        if self.side.calls(id) {
            return Err(Violation::WrongSide { kind, stream: id });
        }
        if id > self.highest {
            return Err(Violation::UnknownStream { kind, stream: id });
        }
        let Some(stream) = self.streams.get_mut(&id) else {
            // It crossed our END.
            return Ok(None);
        };
        stream.receive_closed = true;
        let told = !stream.silent;
        self.silence(id);
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.assembly = None;
            if !stream.send_closed {
                let end = End {
                    code: CANCELLED,
                    text: "the caller cancelled the call".to_owned(),
                    ..End::default()
                };
                self.cut_short(id, Finish::End(Box::new(end)));
            }
        }
        self.settle(id);
        Ok(told.then_some(Event::Cancelled { stream: id }))
    }

    fn on_credit(&mut self, kind: Kind, id: u64, amount: u32) -> Result<Option<Event>, Violation> {
        let within = if id == 0 {
            let within = self.send.add(amount);
            if self.send.is_some() {
                self.feed();
            }
            within
        } else if let Some(stream) = self.streams.get_mut(&id) {
            let within = stream.send.add(amount);
            if stream.send.is_some() {
                self.schedule(id);
            }
            within
        } else if self.was_opened(id) {
            // It crossed the end of the stream.
            true
        } else {
            return Err(Violation::UnknownStream { kind, stream: id });
        };
        if !within {
            return Err(Violation::CreditOverflow { stream: id, amount });
        }
        Ok(None)
    }

    fn on_go_away(&mut self, last: u64, code: u16, text: String) -> Event {
        self.peer_going = true;
        let streams = self.streams.iter();
        let dropped = streams.filter(|(id, stream)| stream.ours && **id > last);
        let mut dropped: Vec<u64> = dropped.map(|(id, _)| *id).collect();
        dropped.sort_unstable();
        for id in dropped {
            let told = self.streams.get(&id).is_some_and(|stream| !stream.silent);
            self.silence(id);
            self.forget(id);
            if told {
                self.events.push_back(Event::NotCarriedOut { stream: id });
            }
        }
        Event::GoAway { last, code, text }
    }

    /// The stream on which the peer may send this, as the one who answers or as the caller.
    fn sender(&mut self, kind: Kind, id: u64, answers: bool) -> Result<&mut Stream, Violation> {
        if self.side.calls(id) != answers {
            return Err(Violation::WrongSide { kind, stream: id });
        }
        let was_opened = self.was_opened(id);
        match self.streams.get_mut(&id) {
            // The call was not sent yet.
            Some(stream) if stream.call.is_some() => {
                Err(Violation::UnknownStream { kind, stream: id })
            }
            Some(stream) if stream.receive_closed => {
                Err(Violation::StreamClosed { kind, stream: id })
            }
            Some(stream) => Ok(stream),
            None if was_opened => Err(Violation::StreamClosed { kind, stream: id }),
            None => Err(Violation::UnknownStream { kind, stream: id }),
        }
    }

    fn was_opened(&self, id: u64) -> bool {
        if self.side.calls(id) {
            id < self.next_id
        } else {
            id <= self.highest
        }
    }

    fn is_told(&self, id: u64) -> bool {
        self.streams.get(&id).is_some_and(|stream| !stream.silent)
    }

    fn close_receiving(&mut self, id: u64) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.receive_closed = true;
        }
        self.settle(id);
    }
}

enum Step {
    Event(Event),
    Nothing,
    Incomplete,
}
