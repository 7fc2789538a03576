//! What a connection tells its driver.

use bytes::Bytes;
use http::HeaderMap;

use crate::frame::Hello;
use crate::head::{Call, End};

/// Something that came from the peer, or that follows from what came. What is large is in a box: an event is moved often.
///
/// Each message that an event carries is given back with [`Connection::release`](crate::Connection::release) once it was
/// taken: until then it counts against the windows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The peer speaks the lane; calls may be made from now on.
    Hello(Hello),
    /// The peer calls.
    Call {
        /// The call's stream.
        stream: u64,
        /// What it asks.
        call: Box<Call>,
        /// Its first message, where that came along.
        message: Option<Bytes>,
        /// Whether the caller sends no more.
        last: bool,
    },
    /// Metadata that comes before the first message of an answer.
    Headers {
        /// The answer's stream.
        stream: u64,
        /// The metadata.
        metadata: Box<HeaderMap>,
    },
    /// A whole message.
    Message {
        /// The message's stream.
        stream: u64,
        /// Its bytes.
        message: Bytes,
        /// Whether the caller sends no more.
        last: bool,
    },
    /// The caller sends no more.
    Closed {
        /// The call's stream.
        stream: u64,
    },
    /// A call of ours ended; nothing more comes for it.
    End {
        /// The call's stream.
        stream: u64,
        /// Metadata from before the message, where it came along.
        headers: Option<Box<HeaderMap>>,
        /// The last message, where that came along.
        message: Option<Bytes>,
        /// The status and what goes with it.
        end: Box<End>,
    },
    /// The caller gave the call up; nothing more can be said on it.
    Cancelled {
        /// The call's stream.
        stream: u64,
    },
    /// The peer did nothing with a call of ours, and will not: it can be made again elsewhere.
    NotCarriedOut {
        /// The call's stream.
        stream: u64,
    },
    /// Messages that waited on the stream were all written to the output; there is room for more.
    Drained {
        /// The stream.
        stream: u64,
    },
    /// The peer answered our PING.
    Pong(
        /// What the PING carried.
        u64,
    ),
    /// The peer takes no more calls; those up to `last` go on, unless the code is that of a violation.
    GoAway {
        /// The highest call of ours that the peer carries out.
        last: u64,
        /// Zero, or why the connection is over.
        code: u16,
        /// The same for people.
        text: String,
    },
}
