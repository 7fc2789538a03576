//! One call, as either side holds it: what is still to be sent, and what may still come.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use crate::credit::{ReadCredit, SendCredit};
use crate::head::{Call, End};

/// What a call that is nothing but a message and an answer has no use for is in a box: a stream is moved into its map and
/// out of it. It goes once both halves are closed: the caller's by LAST, CLOSE or CANCEL, the other one by END.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Whether the call is ours.
    pub(crate) ours: bool,
    /// Where it waits for its turn.
    pub(crate) place: Place,
    /// The head of a call of ours that was not sent yet.
    pub(crate) call: Option<Box<Call>>,
    /// Metadata that comes before our first message.
    pub(crate) headers: Option<Box<HeaderMap>>,
    pub(crate) queue: Queue,
    /// What closes our half once the messages before it are sent.
    pub(crate) finish: Option<Finish>,
    /// Whether a frame of ours went out after which metadata may no more come first.
    pub(crate) answered: bool,
    pub(crate) send_closed: bool,
    pub(crate) send: SendCredit,
    pub(crate) receive_closed: bool,
    /// Whether the peer's answer has begun.
    pub(crate) begun: bool,
    pub(crate) assembly: Option<Box<Assembly>>,
    pub(crate) read: ReadCredit,
    /// Whether credit is about to be granted.
    pub(crate) granting: bool,
    /// Whether the driver wants nothing more of what comes.
    pub(crate) silent: bool,
}

/// Where a stream waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It has nothing to send, or no credit of its own.
    Nowhere,
    /// Its turn comes.
    Ring,
    /// The connection has no credit for its message.
    Starved,
}

/// What closes our half of a stream.
#[derive(Debug)]
pub(crate) enum Finish {
    Close,
    Cancel,
    End(Box<End>),
}

/// A message whose pieces come in.
#[derive(Debug)]
pub(crate) struct Assembly {
    pub(crate) bytes: BytesMut,
    pub(crate) total: usize,
    pub(crate) left: usize,
    /// Whether nobody wants it any more.
    pub(crate) discarded: bool,
}

impl Stream {
    pub(crate) fn new(ours: bool, send_window: u32, read_window: u32) -> Self {
        Self {
            ours,
            place: Place::Nowhere,
            call: None,
            headers: None,
            queue: Queue::default(),
            finish: None,
            answered: false,
            send_closed: false,
            send: SendCredit::new(send_window),
            receive_closed: false,
            begun: false,
            assembly: None,
            read: ReadCredit::new(read_window),
            granting: false,
            silent: false,
        }
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.send_closed && self.receive_closed
    }

    /// Whether a turn would send something, credit aside.
    pub(crate) fn has_work(&self) -> bool {
        !self.send_closed
            && (self.call.is_some()
                || self.headers.is_some()
                || self.finish.is_some()
                || !self.queue.is_empty())
    }

    /// Drops what waits to be sent, and closes our half at the next turn.
    pub(crate) fn cut_short(&mut self, finish: Finish) {
        self.queue = Queue::default();
        self.headers = None;
        self.finish = Some(finish);
    }
}

/// Messages that wait to be sent. The first lies in the stream itself: a unary call has no other.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    first: Option<Bytes>,
    others: VecDeque<Bytes>,
    /// Whether pieces of the first were sent.
    pub(crate) begun: bool,
}

impl Queue {
    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn len(&self) -> usize {
        self.others
            .len()
            .saturating_add(usize::from(self.first.is_some()))
    }

    pub(crate) fn push(&mut self, message: Bytes) {
        if self.first.is_none() {
            self.first = Some(message);
        } else {
            self.others.push_back(message);
        }
    }

    /// What is left of the first.
    pub(crate) const fn front(&self) -> Option<&Bytes> {
        self.first.as_ref()
    }

    /// At most so many bytes of the first, and whether they are the last of it.
    pub(crate) fn take(&mut self, max: usize) -> Option<(Bytes, bool)> {
        let first = self.first.as_mut()?;
        if first.len() > max {
            self.begun = true;
            return Some((first.split_to(max), false));
        }
        self.begun = false;
        let next = self.others.pop_front();
        std::mem::replace(&mut self.first, next).map(|bytes| (bytes, true))
    }
}
