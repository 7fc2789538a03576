//! How a peer can break the rules, each with what was found.

use crate::frame::Kind;

/// A rule that the peer broke; the connection ends with a GOAWAY that carries [`Violation::code`] and the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The connection does not begin as the lane does.
    #[error("expected the lane's opening, found {}", found.escape_ascii())]
    Magic {
        /// The bytes in its place.
        found: [u8; 8],
    },
    /// Another frame came before the HELLO.
    #[error("expected a HELLO first, found a frame of kind {kind:#04x}")]
    HelloMissing {
        /// The frame's kind.
        kind: u8,
    },
    /// A second HELLO came.
    #[error("expected one HELLO, found another")]
    HelloRepeated,
    /// The two sides have no version in common.
    #[error(
        "expected a version from {ours_min} to {ours_max}, found a peer that speaks {theirs_min} to {theirs_max}; update the older side"
    )]
    Version {
        /// The lowest version that we speak.
        ours_min: u16,
        /// The highest version that we speak.
        ours_max: u16,
        /// The lowest version that the peer speaks.
        theirs_min: u16,
        /// The highest version that the peer speaks.
        theirs_max: u16,
    },
    /// A frame is longer than any may be.
    #[error("expected frames of at most {max} bytes, found one of {length}")]
    FrameTooLong {
        /// The length that its header says.
        length: u32,
        /// The most that is taken.
        max: usize,
    },
    /// A frame is of a kind that nobody knows and that may not be skipped.
    #[error("expected a known kind of frame, found {kind:#04x}")]
    UnknownKind {
        /// The kind.
        kind: u8,
    },
    /// A frame has flags that its kind does not have.
    #[error("expected no other flags on {kind} than it has, found {flags:#04x}")]
    UnknownFlags {
        /// The frame's kind.
        kind: Kind,
        /// All of its flags.
        flags: u8,
    },
    /// A frame is not laid out as its kind is.
    #[error("expected {expected} in {kind}, found other bytes or too few")]
    Malformed {
        /// The frame's kind.
        kind: Kind,
        /// What should have been there.
        expected: &'static str,
    },
    /// A frame that belongs to a stream has none, or one that belongs to the connection names a stream.
    #[error("expected {kind} {}, found stream {stream}", if *.stream == 0 { "on a stream" } else { "on the connection" })]
    WrongStream {
        /// The frame's kind.
        kind: Kind,
        /// The stream it names.
        stream: u64,
    },
    /// A call's id is not above those before it, or of the other side's parity.
    #[error("expected a call's id above {highest} and of the caller's parity, found {found}")]
    CallId {
        /// The highest id so far, or zero.
        highest: u64,
        /// The id that came.
        found: u64,
    },
    /// A frame is for a stream that was never opened.
    #[error("expected {kind} on a stream that was opened, found stream {stream}")]
    UnknownStream {
        /// The frame's kind.
        kind: Kind,
        /// The stream it names.
        stream: u64,
    },
    /// A frame came after its sender had said that it would send no more.
    #[error("expected nothing more on stream {stream}, found {kind}")]
    StreamClosed {
        /// The frame's kind.
        kind: Kind,
        /// The stream it names.
        stream: u64,
    },
    /// The caller sent what only the called side sends, or the other way round.
    #[error("expected {kind} from the other side of stream {stream}")]
    WrongSide {
        /// The frame's kind.
        kind: Kind,
        /// The stream it names.
        stream: u64,
    },
    /// The peer has more calls open than it may.
    #[error("expected at most {max} calls at once, found one more")]
    TooManyCalls {
        /// The most that were allowed.
        max: u32,
    },
    /// A frame came where its stream could not have it.
    #[error("expected {expected} on stream {stream}, found {kind}")]
    OutOfOrder {
        /// The frame's kind.
        kind: Kind,
        /// The stream it names.
        stream: u64,
        /// What could have come.
        expected: &'static str,
    },
    /// A block of metadata is larger than any may be.
    #[error("expected metadata of a size of at most {max}, found {size} or more")]
    MetadataTooLarge {
        /// The size up to the entry that was too much.
        size: usize,
        /// The most that is taken.
        max: usize,
    },
    /// A path, a name or a value has characters that it may not have, or a name is reserved.
    #[error("expected {expected} in {kind}")]
    Text {
        /// The frame's kind.
        kind: Kind,
        /// What should have been there.
        expected: &'static str,
    },
    /// The peer gave more paths and names to remember than it may.
    #[error(
        "expected at most {entries} entries of {bytes} bytes in all to remember, found one more"
    )]
    TableFull {
        /// The most entries.
        entries: u16,
        /// The most bytes of all entries.
        bytes: u16,
    },
    /// A path or name is named by an index that is not known, or that is known as the other of the two.
    #[error("expected the index of a remembered {expected}, found {index}")]
    TableIndex {
        /// What the index should have named.
        expected: &'static str,
        /// The index.
        index: u16,
    },
    /// A message is longer than the HELLO allows.
    #[error("expected messages of at most {max} bytes, found one of {length} on stream {stream}")]
    MessageTooLong {
        /// The message's stream.
        stream: u64,
        /// The message's length.
        length: u64,
        /// The most that is taken.
        max: u32,
    },
    /// A message began without credit.
    #[error("expected no message on stream {stream} before credit was granted, found one")]
    CreditExceeded {
        /// The message's stream.
        stream: u64,
    },
    /// More credit was granted than there may be.
    #[error(
        "expected credit of at most {} in all, found {amount} more on stream {stream}",
        crate::limits::CREDIT_MAX
    )]
    CreditOverflow {
        /// The stream, or zero for the connection.
        stream: u64,
        /// What was granted last.
        amount: u32,
    },
}

impl Violation {
    /// What stands for this in a GOAWAY; never reused for another.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::Magic { .. } => 1,
            Self::HelloMissing { .. } => 2,
            Self::HelloRepeated => 3,
            Self::Version { .. } => 4,
            Self::FrameTooLong { .. } => 5,
            Self::UnknownKind { .. } => 6,
            Self::UnknownFlags { .. } => 7,
            Self::Malformed { .. } => 8,
            Self::WrongStream { .. } => 9,
            Self::CallId { .. } => 10,
            Self::UnknownStream { .. } => 11,
            Self::StreamClosed { .. } => 12,
            Self::WrongSide { .. } => 13,
            Self::TooManyCalls { .. } => 14,
            Self::OutOfOrder { .. } => 15,
            Self::MetadataTooLarge { .. } => 16,
            Self::Text { .. } => 17,
            Self::TableFull { .. } => 18,
            Self::TableIndex { .. } => 19,
            Self::MessageTooLong { .. } => 20,
            Self::CreditExceeded { .. } => 21,
            Self::CreditOverflow { .. } => 22,
        }
    }
}
