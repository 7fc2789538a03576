//! What one side has to say on a call at one moment, gathered without the connection's lock and handed over under it.

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use nearcall_lane::limits::QUEUED_MESSAGES_MAX;
use nearcall_lane::{CommandError, Connection, End, is_reserved};
use tonic::Status;

use super::framing::Messages;
use crate::layer::trailers;
use crate::limits::BATCH_BYTES_MAX;

/// Metadata, then messages, then the end, as far as they are there.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    head: Option<HeaderMap>,
    /// Apart from the others, since most answers have no other.
    first: Option<Bytes>,
    others: Vec<Bytes>,
    bytes: usize,
    end: Option<Finish>,
}

/// How a half is closed.
#[derive(Debug)]
pub(crate) enum Finish {
    /// The caller's, with its last message.
    Close,
    /// The caller's, with nothing else: it gives the call up.
    Cancel,
    /// The answer's.
    End(Box<End>),
}

impl Batch {
    /// The head of an answer; one that says how the call ended is all of it.
    pub(crate) fn head(&mut self, head: HeaderMap) {
        if head.contains_key(Status::GRPC_STATUS) {
            self.end = Some(Finish::End(Box::new(End::from_trailers(head))));
        } else {
            self.head = Some(head);
        }
    }

    /// More of a body; the messages that are whole now are part of the batch.
    pub(crate) fn frame(&mut self, frame: Frame<Bytes>, messages: &mut Messages) {
        match frame.into_data() {
            Ok(data) => messages.push(data),
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    self.end = Some(Finish::End(Box::new(End::from_trailers(trailers))));
                }
            }
        }
    }

    /// Takes whole messages as far as there is room.
    pub(crate) fn take(&mut self, messages: &mut Messages) -> Result<(), Status> {
        while !self.is_full()
            && let Some(message) = messages.next()?
        {
            self.bytes += message.len();
            if self.first.is_none() {
                self.first = Some(message);
            } else {
                self.others.push(message);
            }
        }
        Ok(())
    }

    /// A whole answer that went well.
    pub(crate) fn whole(&mut self, head: HeaderMap, message: Bytes, trailers: HeaderMap) {
        if !head.is_empty() {
            self.head = Some(head);
        }
        self.first = Some(message);
        self.ended(End {
            trailers,
            ..End::default()
        });
    }

    /// The end of an answer.
    pub(crate) fn ended(&mut self, end: End) {
        self.end = Some(Finish::End(Box::new(end)));
    }

    pub(crate) fn fail(&mut self, status: &Status) {
        let trailers = trailers(status).into_trailers().unwrap_or_default();
        self.end = Some(Finish::End(Box::new(End::from_trailers(trailers))));
    }

    pub(crate) fn finish(&mut self, finish: Finish) {
        self.end = Some(finish);
    }

    /// Whether no more fits: a stream's queue is bounded, and a reader that is slow should hold up the one who sends.
    pub(crate) fn is_full(&self) -> bool {
        let count = self.others.len() + usize::from(self.first.is_some());
        count >= QUEUED_MESSAGES_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.head.is_none() && self.first.is_none() && self.end.is_none()
    }

    pub(crate) const fn ends(&self) -> bool {
        self.end.is_some()
    }

    /// Hands it to the connection, which takes no message while others wait on the stream.
    pub(crate) fn put(self, connection: &mut Connection, stream: u64) -> Result<(), CommandError> {
        if matches!(self.end, Some(Finish::Cancel)) {
            return connection.cancel(stream);
        }
        if let Some(head) = self.head {
            // The first message says by itself that the answer has begun; an end alone would be one that never did.
            if self.first.is_none() || !head.keys().all(is_reserved) {
                connection.headers(stream, head)?;
            }
        }
        for message in self.first.into_iter().chain(self.others) {
            connection.message(stream, message)?;
        }
        match self.end {
            None => Ok(()),
            Some(Finish::Close) => connection.close(stream),
            Some(Finish::Cancel) => connection.cancel(stream),
            Some(Finish::End(end)) => connection.end(stream, end),
        }
    }
}
