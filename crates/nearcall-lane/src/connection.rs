//! One connection: bytes in, events out; commands in, bytes out.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, BytesMut};

use crate::credit::{ReadCredit, SendCredit};
use crate::error::CommandError;
use crate::event::Event;
use crate::frame::{Frame, Hello, MAGIC, VERSIONS, encode};
use crate::ids::StreamMap;
use crate::limits::Limits;
use crate::output::Output;
use crate::stream::{Finish, Place, Stream};
use crate::table::{ReadTable, WriteTable};
use crate::violation::Violation;

mod command;
mod message;
mod receive;
mod transmit;

/// Which side of a connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one who connected; its calls have odd ids.
    Connector,
    /// The one who accepted; its calls have even ids.
    Acceptor,
}

impl Side {
    /// The id of this side's first call.
    const fn first_id(self) -> u64 {
        match self {
            Self::Connector => 1,
            Self::Acceptor => 2,
        }
    }

    /// Whether this side is the caller on a stream of this id.
    const fn calls(self, stream: u64) -> bool {
        stream % 2 == self.first_id() % 2
    }
}

/// The state of one connection, without the connection.
///
/// A driver loops: it hands over what it read with [`receive`](Self::receive) until there is no further event, gives
/// commands, and writes what [`output`](Self::output) has, in one vectored write, before it sleeps. After a violation it
/// writes the output once more, which tells the peer why, and closes.
#[derive(Debug)]
pub struct Connection {
    side: Side,
    limits: Limits,
    /// What the peer said first.
    peer: Option<Hello>,
    /// Whether the peer's magic was read.
    opened: bool,
    over: Option<Violation>,
    read_table: ReadTable,
    write_table: WriteTable,
    streams: StreamMap<Stream>,
    /// Of `streams`, the calls of ours.
    ours: u32,
    next_id: u64,
    /// The highest id of the peer's calls.
    highest: u64,
    send: SendCredit,
    read: ReadCredit,
    /// Streams whose turn comes; each is in it once.
    ring: VecDeque<u64>,
    /// Streams that wait for the connection's credit; some may be gone.
    starved: VecDeque<u64>,
    /// Streams whose credit is due.
    credits: VecDeque<u64>,
    ping: Option<u64>,
    pong: Option<u64>,
    /// A GOAWAY that is to be written.
    parting: bool,
    /// The highest of the peer's calls that are carried out, once we go away.
    going: Option<u64>,
    /// Whether the peer goes away.
    peer_going: bool,
    events: VecDeque<Event>,
    /// Where small messages are kept next to each other.
    kept: BytesMut,
    output: Output,
}

impl Connection {
    /// A connection on which nothing was read or written; the output has what is to be sent first.
    #[must_use]
    pub fn new(side: Side, limits: Limits) -> Self {
        let mut connection = Self {
            side,
            limits,
            peer: None,
            opened: false,
            over: None,
            read_table: ReadTable::new(limits.table_entries, limits.table_bytes),
            write_table: WriteTable::default(),
            streams: StreamMap::default(),
            ours: 0,
            next_id: side.first_id(),
            highest: 0,
            send: SendCredit::default(),
            read: ReadCredit::new(limits.connection_window),
            ring: VecDeque::new(),
            starved: VecDeque::new(),
            credits: VecDeque::new(),
            ping: None,
            pong: None,
            parting: false,
            going: None,
            peer_going: false,
            events: VecDeque::new(),
            kept: BytesMut::new(),
            output: Output::default(),
        };
        connection.output.frame(|out| out.put_slice(&MAGIC));
        connection.put(
            0,
            &Frame::Hello(Hello {
                version_min: VERSIONS.0,
                version_max: VERSIONS.1,
                features: 0,
                limits,
            }),
            0,
        );
        connection
    }

    /// What the peer said first, once it did.
    #[must_use]
    pub const fn peer(&self) -> Option<&Hello> {
        self.peer.as_ref()
    }

    /// The version that both sides speak, once it is known.
    #[must_use]
    pub fn version(&self) -> Option<u16> {
        self.peer.map(|peer| peer.version_max.min(VERSIONS.1))
    }

    /// Whether a call would be taken now.
    #[must_use]
    pub fn may_call(&self) -> bool {
        self.ready().is_ok()
    }

    /// Whether a call would be taken now, or why not.
    ///
    /// # Errors
    ///
    /// The peer has not said what it takes, takes no more calls, or no more at once; or the connection is over.
    pub fn ready(&self) -> Result<(), CommandError> {
        self.check_call().map(|_window| ())
    }

    /// Whether [`output`](Self::output) would have something, as far as that shows without a turn for anybody.
    #[must_use]
    pub fn has_output(&self) -> bool {
        let parting = self.parting || self.ping.is_some() || self.pong.is_some();
        let more =
            parting || self.read.is_due() || !self.credits.is_empty() || !self.ring.is_empty();
        self.output.has_remaining() || (more && self.peer.is_some() && self.over.is_none())
    }

    /// Whether a message would be taken now without waiting behind others.
    #[must_use]
    pub fn is_clear(&self, stream: u64) -> bool {
        let stream = self.streams.get(&stream);
        stream.is_some_and(|stream| stream.queue.is_empty() && stream.finish.is_none())
    }

    /// Whether not one byte of the call was put into the output.
    #[must_use]
    pub fn is_unsent(&self, stream: u64) -> bool {
        let stream = self.streams.get(&stream);
        stream.is_some_and(|stream| stream.call.is_some())
    }

    /// How many calls are open, of both sides.
    #[must_use]
    pub fn open_calls(&self) -> usize {
        self.streams.len()
    }

    /// Whether one side goes away and no call is open: the connection can be closed once its output is written.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        (self.going.is_some() || self.peer_going) && self.streams.is_empty() && !self.parting
    }

    /// The violation over which the connection ended.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        self.over.as_ref()
    }

    fn put(&mut self, stream: u64, frame: &Frame, message_length: usize) {
        let Self {
            output,
            write_table,
            ..
        } = self;
        output.frame(|out| encode(out, stream, frame, message_length, write_table));
    }

    /// Gives a stream its turn if it has something to send.
    fn schedule(&mut self, id: u64) {
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.place == Place::Nowhere
            && stream.has_work()
        {
            stream.place = Place::Ring;
            self.ring.push_back(id);
        }
    }

    /// As [`schedule`](Self::schedule), for a stream that needs no credit any more.
    fn cut_short(&mut self, id: u64, finish: Finish) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.cut_short(finish);
            if stream.place == Place::Starved {
                stream.place = Place::Nowhere;
            }
            self.schedule(id);
        }
    }

    /// Stops telling the driver of a stream; what came of a message so far is given back.
    fn silence(&mut self, id: u64) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.silent = true;
            if let Some(assembly) = stream.assembly.as_mut().filter(|one| !one.discarded) {
                assembly.discarded = true;
                assembly.bytes = BytesMut::new();
                self.read.take(crate::credit::cost(assembly.total));
            }
        }
    }

    /// Forgets a stream if both halves are closed.
    fn settle(&mut self, id: u64) {
        if self.streams.get(&id).is_some_and(Stream::is_done) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: u64) {
        if self.streams.remove(&id).is_some_and(|stream| stream.ours) {
            self.ours = self.ours.saturating_sub(1);
        }
    }
}
