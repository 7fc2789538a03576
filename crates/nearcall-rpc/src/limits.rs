//! Every queue, loop, buffer and wait of this crate, with its default.
//!
//! A constant is the default; [`Limits`] is what a server is given, and the channel's builder has a setter for each of
//! its own. The table in ARCHITECTURE.md repeats the names, and a check keeps the two in step.

use std::time::Duration;

/// Limit: unary calls that one server carries out at once; one more is answered `RESOURCE_EXHAUSTED` with retry info.
pub const CALLS_MAX: usize = 1_024;

/// Limit: streaming calls that one server has open at once; one more is answered `RESOURCE_EXHAUSTED` with retry info.
pub const STREAMS_MAX: usize = 1_024;

/// Limit: connections that one server holds at once; one more is closed as it comes, with a log line.
pub const CONNECTIONS_MAX: usize = 1_024;

/// Limit: connections that have not yet said which wire they speak; one more pushes the oldest of them out.
pub const SILENT_CONNECTIONS_MAX: usize = 64;

/// Limit: how long a new connection may take to say which wire it speaks.
pub const PREFACE_TIMEOUT: Duration = Duration::from_secs(5);

/// Limit: how long a unary call may take where the caller names no deadline.
pub const UNARY_DEADLINE: Duration = Duration::from_secs(10);

/// Limit: how long a stream may carry nothing in either direction.
pub const STREAM_IDLE: Duration = Duration::from_secs(3_600);

/// Limit: how long a server that was asked to stop waits for the calls in flight.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Limit: how long the answers to calls that were cut off at the drain limit may take to reach their callers.
pub const CUT_GRACE: Duration = Duration::from_secs(1);

/// Limit: how long a connection may be quiet before it is asked whether the peer still answers (HTTP/2 PING).
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// Limit: how long the answer to such a question may take before the connection is closed.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Limit: calls that one HTTP/2 connection may have open at once.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 1_024;

/// Limit: bytes of one request's headers, as HTTP/2 counts them (RFC 9113 section 6.5.2).
pub const HEADER_LIST_BYTES_MAX: u32 = 16 * 1_024;

/// Limit: bytes that a peer may send on one HTTP/2 stream before the reader has taken them.
pub const STREAM_WINDOW_BYTES: u32 = 1_024 * 1_024;

/// Limit: bytes that a peer may send on one HTTP/2 connection before the readers have taken them.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1_024 * 1_024;

/// Limit: bytes that a channel holds back to write them at once; what is longer is written as it comes.
pub const COALESCED_BYTES_MAX: usize = 32 * 1_024;

/// Limit: requests over HTTP/2 that a channel lets come together before it writes them.
pub const BURST_MAX: u32 = 64;

/// Limit: how long a server of which nothing is known may take to say whether it speaks the lane.
pub const OFFER_TIMEOUT: Duration = Duration::from_millis(200);

/// Limit: how long a peer that broke a rule of the lane may take to read which, before the connection is closed.
pub const PARTING_TIMEOUT: Duration = Duration::from_secs(1);

/// Limit: bytes that one read of a lane's connection takes at most: the longest piece of a message, and a little of the next.
pub const READ_BYTES_MAX: usize = 80 * 1_024;

/// How much room a read of a lane's connection has at least.
pub const READ_ROOM_MIN: usize = 16 * 1_024;

/// Limit: messages of one streaming call that a thread has sent and that are not on their way yet.
pub const SENT_MESSAGES_MAX: usize = 64;

/// Limit: how long one thread that makes blocking calls waits for another to read, before it looks by itself.
pub const TURN_WAIT_MAX: Duration = Duration::from_millis(100);

/// Limit: reads of a lane's connection before other tasks have their turn.
pub const READS_PER_TURN_MAX: usize = 16;

/// Limit: bytes of a message on the lane up to which it is copied to stand behind its gRPC prefix.
pub const COPIED_MESSAGE_BYTES_MAX: usize = 1_024;

/// Limit: bytes of messages that one side of a lane's stream hands over at once; the last of them may go over.
pub const BATCH_BYTES_MAX: usize = 64 * 1_024;

/// Limit: how long a handler may compute in the connection's own task before its method is moved to tasks of its own.
pub const FIRST_POLL_MAX: Duration = Duration::from_micros(50);

/// Limit: methods of one connection that are remembered to compute for long.
pub const SLOW_METHODS_MAX: usize = 256;

/// Limit: calls that a server has open at once on one stream of callbacks; one more waits, as on the lane.
pub const CALLBACKS_MAX: u32 = 256;

/// Limit: messages of one callback over gRPC, in one direction, that are sent and not taken yet.
pub const CALLBACK_MESSAGES_MAX: u32 = 16;

/// Limit: bytes of one message of a callback over gRPC, so that what is around it fits into what stock libraries take.
pub const CALLBACK_MESSAGE_BYTES_MAX: u32 = 4 * 1_024 * 1_024 - 1_024;

/// Limit: words of a stream of callbacks that wait to be sent before no more calls and messages are taken in.
pub const CALLBACK_WORDS_MAX: usize = 64;

/// Limit: services that one stream of callbacks may host.
pub const CALLBACK_SERVICES_MAX: usize = 64;

/// Limit: how long a channel tries to connect, the HTTP/2 handshake included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Limit: the shortest wait between two tries to connect, for calls that wait until the server is ready.
pub const BACKOFF_MIN: Duration = Duration::from_millis(10);

/// Limit: the longest wait between two tries to connect, and between two tries of a call.
pub const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Limit: how often one call is sent again, where its `.proto` says that it may be repeated.
pub const RETRIES_MAX: usize = 3;

/// Limit: repeated calls as a share of all calls over the last ten seconds; past it failures are handed on at once.
pub const RETRY_SHARE_MAX: f32 = 0.2;

/// Limit: repeated calls per second that are always allowed, however few calls there were.
pub const RETRIES_PER_SECOND_MIN: u32 = 10;

/// Limit: bytes of one registry entry that a reader takes in.
pub const ENTRY_BYTES_MAX: u64 = 64 * 1_024;

/// What a server allows. Each default is the constant of the same name in [`limits`](self).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Unary calls at once. Default: [`CALLS_MAX`].
    pub calls_max: usize,
    /// Streaming calls at once. Default: [`STREAMS_MAX`].
    pub streams_max: usize,
    /// Connections at once. Default: [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// Connections at once that have not said which wire they speak. Default: [`SILENT_CONNECTIONS_MAX`].
    pub silent_connections_max: usize,
    /// Time for a new connection to say which wire it speaks. Default: [`PREFACE_TIMEOUT`].
    pub preface_timeout: Duration,
    /// Time for a unary call where the caller names none; none means no limit. Default: [`UNARY_DEADLINE`].
    pub unary_deadline: Option<Duration>,
    /// Time for which a stream may carry nothing; none means no limit. Default: [`STREAM_IDLE`].
    pub stream_idle: Option<Duration>,
    /// Time for the calls in flight once the server was asked to stop. Default: [`DRAIN_TIMEOUT`].
    pub drain_timeout: Duration,
    /// Quiet time before a connection is probed; none means never. Default: [`KEEPALIVE_INTERVAL`].
    pub keepalive_interval: Option<Duration>,
    /// Time for the answer to a probe. Default: [`KEEPALIVE_TIMEOUT`].
    pub keepalive_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls_max: CALLS_MAX,
            streams_max: STREAMS_MAX,
            connections_max: CONNECTIONS_MAX,
            silent_connections_max: SILENT_CONNECTIONS_MAX,
            preface_timeout: PREFACE_TIMEOUT,
            unary_deadline: Some(UNARY_DEADLINE),
            stream_idle: Some(STREAM_IDLE),
            drain_timeout: DRAIN_TIMEOUT,
            keepalive_interval: Some(KEEPALIVE_INTERVAL),
            keepalive_timeout: KEEPALIVE_TIMEOUT,
        }
    }
}
