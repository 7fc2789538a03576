//! One end of a stream of callbacks, without the stream: what comes by the lane goes on as words, and words as the lane.
//!
//! The same at the server, where the lane's calls become words, and at the client, where words become calls.

use std::collections::{HashMap, VecDeque};

use bytes::{Bytes, BytesMut};
use nearcall_lane::{Call, CommandError, Connection, End, Event, Limits, Output, Side, StreamMap};
use tonic::Status;

use super::words::{Says, Word};
use crate::layer::trailers;
use crate::limits::{
    CALLBACK_MESSAGE_BYTES_MAX, CALLBACK_MESSAGES_MAX, CALLBACK_WORDS_MAX, CALLBACKS_MAX,
};
use crate::status::{Reason, from_command};

#[cfg(test)]
mod tests;

/// How many words may wait before nothing more is heard either, in multiples of what may wait before no more is said.
/// What is heard makes few words by itself, so a peer that keeps to the rules never gets there.
const HARD_FACTOR: usize = 16;

/// The state of one end.
#[derive(Debug)]
pub(super) struct Relay {
    lane: Connection,
    /// By the numbers that the peer knows them by.
    calls: HashMap<u64, Open>,
    /// The same numbers by the lane's.
    numbers: StreamMap<u64>,
    /// Calls of which messages were put on the lane that the peer has not been told of.
    owing: Vec<u64>,
    words: VecDeque<Word>,
    /// What the client hosts, where this is the server's end.
    services: Option<Vec<String>>,
}

#[derive(Debug)]
struct Open {
    stream: u64,
    /// How many messages the peer still takes.
    credit: u32,
    /// Messages that wait for that, and what follows on them.
    waiting: VecDeque<Bytes>,
    last: Option<Says>,
    /// Messages that were taken and not told of.
    owed: u32,
}

impl Relay {
    /// The server's end; no other services than these are called.
    pub(super) fn of_server(services: Vec<String>) -> Self {
        Self::new(Side::Acceptor, Some(services))
    }

    /// The client's end.
    pub(super) fn of_client() -> Self {
        Self::new(Side::Connector, None)
    }

    fn new(side: Side, services: Option<Vec<String>>) -> Self {
        let limits = Limits {
            message_bytes: CALLBACK_MESSAGE_BYTES_MAX,
            calls: CALLBACKS_MAX,
            ..Limits::default()
        };
        Self {
            lane: Connection::new(side, limits),
            calls: HashMap::new(),
            numbers: StreamMap::default(),
            owing: Vec::new(),
            words: VecDeque::new(),
            services,
        }
    }

    /// What is to be written to the lane.
    pub(super) fn output(&mut self) -> &mut Output {
        self.lane.output()
    }

    /// The next word to the peer.
    pub(super) fn next_word(&mut self) -> Option<Word> {
        self.words.pop_front()
    }

    pub(super) fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// Whether more may come by the lane.
    pub(super) fn reads(&self) -> bool {
        self.words.len() < CALLBACK_WORDS_MAX
    }

    /// Whether the peer is listened to.
    pub(super) fn listens(&self) -> bool {
        self.lane.peer().is_some() && self.words.len() < CALLBACK_WORDS_MAX * HARD_FACTOR
    }

    /// Tells the peer of messages that are on their way to whoever reads them, a number of them at once.
    pub(super) fn settle(&mut self) {
        let Self {
            lane,
            calls,
            owing,
            words,
            ..
        } = self;
        owing.retain(|number| {
            let Some(open) = calls.get_mut(number) else {
                return false;
            };
            if !lane.is_clear(open.stream) {
                return true;
            }
            words.push_back(Word {
                call: *number,
                says: Says::Taken(std::mem::take(&mut open.owed)),
            });
            false
        });
    }

    /// Takes in what was read from the lane.
    ///
    /// # Errors
    ///
    /// The lane's own end broke a rule.
    pub(super) fn read(&mut self, read: &mut BytesMut) -> Result<(), Status> {
        loop {
            match self.lane.receive(read) {
                Ok(Some(event)) => self.event(event),
                Ok(None) => return Ok(()),
                Err(violation) => return Err(Status::internal(violation.to_string())),
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Call {
                stream,
                call,
                message,
                last,
            } => self.asked(stream, call, message, last),
            Event::Headers { stream, metadata } => {
                if let Some(&call) = self.numbers.get(&stream) {
                    self.say(call, Says::Headers(metadata));
                }
            }
            Event::Message {
                stream,
                message,
                last,
            } => self.queue(stream, Some(message), last.then_some(Says::Close)),
            Event::Closed { stream } => self.queue(stream, None, Some(Says::Close)),
            Event::End {
                stream,
                headers,
                message,
                end,
            } => {
                if let (Some(metadata), Some(&call)) = (headers, self.numbers.get(&stream)) {
                    self.say(call, Says::Headers(metadata));
                }
                self.queue(stream, message, Some(Says::End(end)));
            }
            Event::Cancelled { stream } => {
                if let Some(&call) = self.numbers.get(&stream) {
                    self.forget(call);
                    self.say(call, Says::Cancel);
                }
            }
            Event::NotCarriedOut { stream } => {
                let status = Reason::Draining.status("the client takes no new call");
                self.queue(stream, None, Some(Says::End(ended(&status))));
            }
            _ => {}
        }
    }

    /// A call of the server's handlers.
    fn asked(&mut self, stream: u64, call: Box<Call>, message: Option<Bytes>, last: bool) {
        let refusal = match &self.services {
            Some(services) => refusal(services, call.path.path()),
            None => Some(Status::unimplemented("the server hosts nothing here")),
        };
        if let Some(status) = refusal {
            if let Some(message) = message {
                self.lane.release(stream, message.len());
            }
            let _gone = self.lane.fail(stream, ended(&status));
            return;
        }
        self.open(stream, stream);
        self.say(stream, Says::Call(call));
        self.queue(stream, message, last.then_some(Says::Close));
    }

    fn open(&mut self, number: u64, stream: u64) {
        self.numbers.insert(stream, number);
        let open = Open {
            stream,
            credit: CALLBACK_MESSAGES_MAX,
            waiting: VecDeque::new(),
            last: None,
            owed: 0,
        };
        self.calls.insert(number, open);
    }

    fn say(&mut self, call: u64, says: Says) {
        self.words.push_back(Word { call, says });
    }

    /// Something that goes on once the peer takes it.
    fn queue(&mut self, stream: u64, message: Option<Bytes>, last: Option<Says>) {
        let Some(&number) = self.numbers.get(&stream) else {
            return;
        };
        if let Some(open) = self.calls.get_mut(&number) {
            open.waiting.extend(message);
            if last.is_some() {
                open.last = last;
            }
        }
        self.flush(number);
    }

    fn flush(&mut self, number: u64) {
        let Some(open) = self.calls.get_mut(&number) else {
            return;
        };
        while open.credit > 0
            && let Some(message) = open.waiting.pop_front()
        {
            open.credit -= 1;
            self.lane.release(open.stream, message.len());
            self.words.push_back(Word {
                call: number,
                says: Says::Message(message),
            });
        }
        if open.waiting.is_empty()
            && let Some(last) = open.last.take()
        {
            if matches!(last, Says::End(_)) {
                self.forget(number);
            }
            self.say(number, last);
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(open) = self.calls.remove(&number) {
            self.numbers.remove(&open.stream);
            for message in open.waiting {
                self.lane.release(open.stream, message.len());
            }
        }
    }

    /// Takes in a word of the peer's. One of a call that is over is no error, as it may have crossed the end on the way.
    ///
    /// # Errors
    ///
    /// The peer broke a rule, with which the stream ends.
    pub(super) fn hear(&mut self, Word { call, says }: Word) -> Result<(), Status> {
        if let Says::Call(asked) = says {
            return self.call(call, asked);
        }
        let Some(open) = self.calls.get_mut(&call) else {
            return Ok(());
        };
        let stream = open.stream;
        let done = match says {
            Says::Taken(messages) => {
                let credit = open.credit.saturating_add(messages);
                open.credit = credit.min(CALLBACK_MESSAGES_MAX);
                self.flush(call);
                Ok(())
            }
            Says::Message(message) => {
                open.owed += 1;
                if open.owed == CALLBACK_MESSAGES_MAX / 2 {
                    self.owing.push(call);
                }
                self.lane.message(stream, message)
            }
            Says::Close => self.lane.close(stream),
            Says::Headers(metadata) => self.lane.headers(stream, metadata),
            Says::Cancel => {
                self.forget(call);
                self.lane.cancel(stream)
            }
            Says::End(end) => {
                let done = self.lane.end(stream, end);
                if done.is_ok() {
                    self.forget(call);
                }
                done
            }
            Says::Call(_) => Ok(()),
        };
        match done {
            Ok(()) | Err(CommandError::Gone { .. } | CommandError::Over) => {}
            Err(error) => self.fail(call, &from_command(&error)),
        }
        Ok(())
    }

    /// A call to what the client hosts.
    fn call(&mut self, number: u64, asked: Box<Call>) -> Result<(), Status> {
        if self.calls.contains_key(&number) {
            return Err(Status::invalid_argument(format!(
                "expected a call's number once, found {number} again"
            )));
        }
        let most = usize::try_from(CALLBACKS_MAX).unwrap_or(usize::MAX);
        let made = if self.calls.len() < most {
            self.lane.call(asked, None, false)
        } else {
            Err(CommandError::TooManyCalls { max: CALLBACKS_MAX })
        };
        match made {
            Ok(stream) => self.open(number, stream),
            Err(error) => self.say(number, Says::End(ended(&from_command(&error)))),
        }
        Ok(())
    }

    /// Ends a call on both sides.
    fn fail(&mut self, number: u64, status: &Status) {
        let Some(stream) = self.calls.get(&number).map(|open| open.stream) else {
            return;
        };
        self.forget(number);
        if self.services.is_some() {
            let _gone = self.lane.fail(stream, ended(status));
            self.say(number, Says::Cancel);
        } else {
            let _gone = self.lane.cancel(stream);
            self.say(number, Says::End(ended(status)));
        }
    }
}

/// Why a path is not called at all.
fn refusal(services: &[String], path: &str) -> Option<Status> {
    let service = path
        .strip_prefix('/')
        .and_then(|path| path.split('/').next());
    let service = service.unwrap_or_default();
    if services.iter().any(|hosted| hosted == service) {
        return None;
    }
    let names = services.join(", ");
    let text = format!("the caller hosts no service `{service}`; it hosts {names}");
    Some(Reason::UnknownService.status(text))
}

fn ended(status: &Status) -> Box<End> {
    let trailers = trailers(status).into_trailers().unwrap_or_default();
    Box::new(End::from_trailers(trailers))
}
