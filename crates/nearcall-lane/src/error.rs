//! Why a command was not taken.

use http::HeaderName;

/// A command that could not be carried out; nothing was sent, and the connection goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The peer has not yet said what it takes; call once [`Event::Hello`](crate::Event::Hello) came.
    #[error("expected the peer's HELLO before a call")]
    HelloPending,
    /// The peer takes no more calls on this connection; make a new one.
    #[error("expected a peer that takes calls, found one that is going away")]
    GoingAway,
    /// The peer takes no more calls at once; wait until one has ended.
    #[error("expected fewer than {max} calls at once")]
    TooManyCalls {
        /// The most that the peer takes.
        max: u32,
    },
    /// The connection ended over a violation.
    #[error("expected a connection that goes on, found one that has ended")]
    Over,
    /// The stream has ended, or its caller cancelled it.
    #[error("expected a stream that is open, found {stream}")]
    Gone {
        /// The stream.
        stream: u64,
    },
    /// The command does not fit what was said on the stream before, or is for the other side of it.
    #[error("expected {expected} on stream {stream}")]
    OutOfOrder {
        /// The stream.
        stream: u64,
        /// What would have been possible.
        expected: &'static str,
    },
    /// As many messages wait on the stream as may; [`Event::Drained`](crate::Event::Drained) says when there is room.
    #[error("expected at most {max} messages waiting on one stream")]
    Full {
        /// The most that may wait.
        max: usize,
    },
    /// The peer takes no messages of this length.
    #[error("expected a message of at most {max} bytes, found one of {length}")]
    MessageTooLong {
        /// The message's length.
        length: usize,
        /// The most that the peer takes.
        max: u32,
    },
    /// There is more metadata than may be sent at once.
    #[error("expected metadata of a size of at most {max}, found {size}")]
    MetadataTooLarge {
        /// The metadata's size.
        size: usize,
        /// The most that may be sent.
        max: usize,
    },
    /// The details of a status are too long.
    #[error("expected status details of at most {max} bytes, found {length}")]
    DetailsTooLong {
        /// The details' length.
        length: usize,
        /// The most that may be sent.
        max: usize,
    },
    /// The path is too long, or does not begin with a slash.
    #[error("expected a path of at most {max} bytes that begins with a slash")]
    Path {
        /// The most bytes.
        max: usize,
    },
    /// A value under a name that ends in `-bin` is not base64.
    #[error("expected base64 as the value of `{name}`")]
    NotBase64 {
        /// The entry's name.
        name: HeaderName,
    },
}
