//! Every bound of the lane, with its default.
//!
//! The constants without a field in [`Limits`] are part of the protocol: both sides hold them. The others are what a side
//! asks of the other in its HELLO.

/// Limit: bytes of one frame after its header.
pub const FRAME_BYTES_MAX: usize = 128 * 1_024;

/// Limit: bytes of a message in one frame; a longer message is cut into pieces, so that others overtake it.
///
/// It has room for 64 KiB of somebody's and what protobuf puts around them.
pub const PIECE_BYTES_MAX: usize = 68 * 1_024;

/// Limit: size of one block of metadata: for each entry the bytes of its name and value, and [`ENTRY_COST`].
pub const METADATA_SIZE_MAX: usize = 16 * 1_024;

/// What an entry of metadata counts beside its bytes, as HTTP/2 has it (RFC 9113 section 6.5.2).
pub const ENTRY_COST: usize = 32;

/// Limit: bytes of a call's path.
pub const PATH_BYTES_MAX: usize = 1_024;

/// Limit: bytes of the text of a status or of a GOAWAY; what is longer is cut by the one who sends it.
pub const TEXT_BYTES_MAX: usize = 4 * 1_024;

/// Limit: bytes of the details of a status.
pub const DETAILS_BYTES_MAX: usize = 16 * 1_024;

/// Limit: the most credit that a sender may have for a stream or a connection, in bytes.
pub const CREDIT_MAX: u32 = 0x7fff_ffff;

/// What a message costs in credit beside its bytes, so that empty messages are bounded too.
pub const MESSAGE_COST: u32 = 64;

/// Limit: bytes that wait in the output before no more frames are written to it; one frame may go over.
pub const OUTPUT_BYTES_MAX: usize = 128 * 1_024;

/// Limit: messages that wait to be sent on one stream.
pub const QUEUED_MESSAGES_MAX: usize = 16;

/// Limit: bytes of a message up to which it is copied out of the buffer it was read in, so as not to hold that buffer.
pub const COPIED_BYTES_MAX: usize = 1_024;

/// Limit: bytes of a message up to which it is copied into the output; a longer one is written from where it lies.
pub const INLINE_BYTES_MAX: usize = 4 * 1_024;

/// Limit: bytes of one message that is taken when nothing else is said.
pub const MESSAGE_BYTES_MAX: u32 = 64 * 1_024 * 1_024;

/// Limit: bytes of messages that a stream may hold before the reader took them; the last of them may go over.
pub const STREAM_WINDOW: u32 = 256 * 1_024;

/// Limit: bytes of messages that a connection may hold before the readers took them; the last of them may go over.
pub const CONNECTION_WINDOW: u32 = 16 * 1_024 * 1_024;

/// Limit: calls that the peer may have open at once.
pub const CALLS_MAX: u32 = 1_024;

/// Limit: paths and names that are remembered for one direction of a connection.
pub const TABLE_ENTRIES_MAX: u16 = 512;

/// Limit: bytes of the paths and names that are remembered for one direction of a connection.
pub const TABLE_BYTES_MAX: u16 = 32 * 1_024;

/// What a side takes from its peer; the HELLO says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message; [`MESSAGE_BYTES_MAX`].
    pub message_bytes: u32,
    /// Bytes of messages that are held per stream, at most [`CREDIT_MAX`]; [`STREAM_WINDOW`].
    pub stream_window: u32,
    /// Bytes of messages that are held per connection, at most [`CREDIT_MAX`]; [`CONNECTION_WINDOW`].
    ///
    /// Streams that nobody reads can use it up together, hence a window that many of them do not fill.
    pub connection_window: u32,
    /// Calls that the peer may have open at once; [`CALLS_MAX`].
    pub calls: u32,
    /// Paths and names that are remembered; [`TABLE_ENTRIES_MAX`].
    pub table_entries: u16,
    /// Bytes of those; [`TABLE_BYTES_MAX`].
    pub table_bytes: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: MESSAGE_BYTES_MAX,
            stream_window: STREAM_WINDOW,
            connection_window: CONNECTION_WINDOW,
            calls: CALLS_MAX,
            table_entries: TABLE_ENTRIES_MAX,
            table_bytes: TABLE_BYTES_MAX,
        }
    }
}
