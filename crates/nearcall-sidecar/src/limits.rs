//! How much of each thing there may be. `ARCHITECTURE.md` lists these.

use std::time::Duration;

/// Limit: channels of one server.
pub const CHANNELS_MAX: usize = 64;

/// Limit: bytes of a channel's name.
pub const CHANNEL_NAME_MAX: usize = 64;

/// Limit: tickets of one server that were given and not used yet.
pub const TICKETS_MAX: usize = 128;

/// Limit: how long a ticket is good.
pub const TICKET_LIFE: Duration = Duration::from_secs(5);

/// Limit: connections to one broker that have not presented a ticket yet; one more is closed as it comes.
pub const CLAIMS_MAX: usize = 64;

/// Limit: frames that a stream may have credit for at once.
pub const CREDIT_MAX: u32 = 16;

/// Limit: bytes of a frame in one message of a stream.
pub const CHUNK_BYTES_MAX: usize = 256 * 1_024;

/// Limit: messages of a stream that are ready and not on their way yet.
pub const QUEUED_MESSAGES_MAX: usize = 2;

/// Limit: frames that the clients of one connection hold by polling.
pub const LEASES_MAX: usize = 4;

/// Limit: bytes of a frame in the answer to a client that polls and cannot map; the most that a message may have, less
/// room for what is said of the frame.
pub const POLLED_BYTES_MAX: usize = 4 * 1_024 * 1_024 - 4_096;

/// Limit: bytes of a frame below which it goes inline, where the client names no other bound.
pub const INLINE_BELOW: u64 = 64 * 1_024;

/// Frames that a reader may hold at once where it does not say.
pub const PINS: u32 = 2;

/// Limit: files of one server that frames are written to at once; one more reader gets bytes.
pub const FILES_MAX: usize = 64;

/// Limit: bytes of all files of one server that frames are written to; a reader whose file is over gets bytes.
pub const FILE_BYTES_MAX: usize = 512 * 1_024 * 1_024;

/// Limit: how often a file's name is made anew because another server that starts took it for one that was left.
pub const FILE_ATTEMPTS: u32 = 16;

/// Limit: how often the kernel is asked about a reader that keeps sending what nobody wants.
pub const HANG_UP_PAUSE: Duration = Duration::from_millis(20);

/// Limit: messages of such a reader that are thrown away each time.
pub const UNASKED_TAKEN_MAX: u32 = 8;

/// Limit: how long a broker that is out of descriptors waits before it accepts again.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Limit: how long a reader whose server is gone tries to attach again.
pub const REATTACH_TIMEOUT: Duration = Duration::from_secs(60);

/// Limit: the shortest wait between two tries to attach again.
pub const REATTACH_PAUSE_MIN: Duration = Duration::from_millis(10);

/// Limit: the longest wait between two tries to attach again.
pub const REATTACH_PAUSE_MAX: Duration = Duration::from_millis(500);

/// Limit: assets and the like that services share with one connection and that it has not let go of; one more goes
/// inline.
pub const BULKS_MAX: usize = 256;

/// Limit: bytes that services of one server share as bulk data with all connections at once; what is over goes inline.
pub const BULK_BYTES_MAX: usize = 512 * 1_024 * 1_024;

/// Limit: uploads that one connection has open at once.
pub const UPLOADS_MAX: usize = 4;

/// Limit: bytes of one upload.
pub const UPLOAD_BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// Limit: bytes of all uploads that a server has open at once.
pub const UPLOADED_BYTES_MAX: usize = 256 * 1_024 * 1_024;
