//! What C sees: handles, numbers and structs. The names are the C names, so that one search finds both sides.
//!
//! Numbers here are never given to anything else, and fields are only ever added at the end of a struct.

#![expect(
    non_camel_case_types,
    reason = "the names are those of the C header, which is generated from this file"
)]

mod frames;

use std::ffi::c_void;

pub use frames::*;

/// The number of this ABI. It grows when something is added; what is there already keeps its meaning.
pub const NEARCALL_ABI_VERSION: u32 = 5;

/// No time limit, for every argument and field that counts milliseconds.
pub const NEARCALL_FOREVER: u64 = u64::MAX;

/// A connection to a server that comes back by itself.
pub type nearcall_channel = u64;
/// A call that this process makes.
pub type nearcall_stream = u64;
/// Key and value pairs that go along with a call, in order.
pub type nearcall_metadata = u64;
/// How a call ended.
pub type nearcall_status = u64;
/// A server in this process.
pub type nearcall_host = u64;
/// A call that this process answers.
pub type nearcall_served = u64;

/// What a function answers. 0 is success; nearcall_last_error has the words for the others. These are not gRPC status
/// codes: a call that ends with one of those is NEARCALL_ERROR_STATUS, and the status says which.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_result {
    /// Done.
    NEARCALL_OK = 0,
    /// A pointer that must point to something is null.
    NEARCALL_ERROR_NULL = 1,
    /// The handle is closed, was never given out, or is one of another kind.
    NEARCALL_ERROR_HANDLE = 2,
    /// An argument has no meaning: a text that is not UTF-8, a path that names no method, a size of no version.
    NEARCALL_ERROR_ARGUMENT = 3,
    /// The answer does not fit into the buffer; the size that it needs was written.
    NEARCALL_ERROR_TOO_SMALL = 4,
    /// The call ended with a status other than OK.
    NEARCALL_ERROR_STATUS = 5,
    /// The time was up before anything happened.
    NEARCALL_ERROR_TIMEOUT = 6,
    /// It is over: nothing more can be sent or answered here.
    NEARCALL_ERROR_ENDED = 7,
    /// The queue is full; the other side has to read first.
    NEARCALL_ERROR_FULL = 8,
    /// A function that waits was called on a thread of the library, from a callback.
    NEARCALL_ERROR_THREAD = 9,
    /// nearcall_shutdown ended what this function waited for.
    NEARCALL_ERROR_SHUTDOWN = 10,
    /// A bug in the library: it panicked. The process is not harmed; what was called is best closed.
    NEARCALL_ERROR_PANIC = 11,
    /// There is nothing of this name, number or kind.
    NEARCALL_ERROR_NOT_FOUND = 12,
    /// It is not there yet.
    NEARCALL_ERROR_NOT_READY = 13,
    /// Nobody could be reached, or who is there may not be called.
    NEARCALL_ERROR_CONNECT = 14,
    /// The host could not listen: the name is taken, or the address cannot be used.
    NEARCALL_ERROR_LISTEN = 15,
    /// There are as many handles, or readers of a channel of frames, as there may be.
    NEARCALL_ERROR_LIMIT = 16,
    /// The system gave no threads.
    NEARCALL_ERROR_RUNTIME = 17,
    /// The host has started, or not yet, so this cannot be done any more, or not yet.
    NEARCALL_ERROR_STATE = 18,
    /// As many frames are held as were granted: release one first.
    NEARCALL_ERROR_HELD = 19,
    /// The reader lagged, and its policy asks that it gets no more frames then: open the channel again.
    NEARCALL_ERROR_EVICTED = 20,
    /// What the server says or shares cannot be: it is broken, or of another version.
    NEARCALL_ERROR_BROKEN = 21,
    /// The function is there and this system cannot do what it is for.
    NEARCALL_ERROR_UNSUPPORTED = 22,
}

/// What an event tells of.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_event_kind {
    /// Nothing happened.
    NEARCALL_EVENT_NONE = 0,
    /// A message came.
    NEARCALL_EVENT_MESSAGE = 1,
    /// The call is over; nothing comes after this. `code` has the gRPC status code on the caller's side.
    NEARCALL_EVENT_END = 2,
    /// A call that streams came in; only on the side that answers.
    NEARCALL_EVENT_OPEN = 3,
    /// The caller has sent its last message; only on the side that answers.
    NEARCALL_EVENT_HALF_CLOSED = 4,
}

/// Whether a hosted method takes one message and answers with one, or streams in either direction.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_method_kind {
    /// One message, one answer.
    NEARCALL_METHOD_UNARY = 0,
    /// Messages in either direction, or both.
    NEARCALL_METHOD_STREAM = 1,
}

/// Bytes that the library allocated. Where a function hands one out, nearcall_buffer_free takes it back; the memory
/// stays where it is until then, and any thread may read it. An event that a callback is given has one that is only
/// lent: it ends with the callback, and to free it does nothing.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_buffer {
    /// The first byte; any value where `len` is 0.
    pub data: *const u8,
    /// How many bytes there are.
    pub len: usize,
    /// What nearcall_buffer_free goes by; 0 for a lent buffer.
    pub id: u64,
}

/// What happened on a call. Set `size` to sizeof(nearcall_event) before handing one in.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_event {
    /// sizeof(nearcall_event), as the caller was compiled.
    pub size: u32,
    /// A nearcall_event_kind.
    pub kind: u32,
    /// With NEARCALL_EVENT_END: the gRPC status code, 0 for OK.
    pub code: i32,
    /// 0.
    pub reserved: u32,
    /// With NEARCALL_EVENT_MESSAGE: the message.
    pub message: nearcall_buffer,
}

/// Told of what happens on a call that this process makes. It runs on a thread of the library, one event of a stream
/// at a time, in order, and ends with exactly one NEARCALL_EVENT_END per stream, after which `context` is not used any
/// more. It must not wait: other calls wait with it. It must not throw.
pub type nearcall_stream_fn = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        stream: nearcall_stream,
        event: *const nearcall_event,
    ),
>;

/// Told of the calls that a host answers, under the rules of nearcall_stream_fn. A unary call is one
/// NEARCALL_EVENT_MESSAGE. A streaming one is NEARCALL_EVENT_OPEN, messages, NEARCALL_EVENT_HALF_CLOSED unless the
/// caller went before, and NEARCALL_EVENT_END.
pub type nearcall_served_fn = Option<
    unsafe extern "C" fn(context: *mut c_void, call: nearcall_served, event: *const nearcall_event),
>;

/// Calls of this channel wait until the server is there, up to their deadline, rather than failing at once.
pub const NEARCALL_WAIT_FOR_READY: u32 = 1;

/// How a channel is made. All zero but `size` is the default, as is a null pointer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_channel_options {
    /// sizeof(nearcall_channel_options), as the caller was compiled.
    pub size: u32,
    /// NEARCALL_WAIT_FOR_READY, or 0.
    pub flags: u32,
    /// How long one try to connect may take, in milliseconds. 0: 5 seconds.
    pub connect_timeout_ms: u64,
    /// How long a unary call may take that names no deadline, in milliseconds. 0: 10 seconds.
    pub unary_deadline_ms: u64,
    /// A host that has not started, whose methods the channel hosts on its own connection, for the server to call; or 0.
    /// They are settled from then on, and other channels may host them too. To be closed after those channels: until
    /// then calls that come are answered INTERNAL once the host is closed.
    pub host: nearcall_host,
}

/// How a call is made. All zero but `size` is the default, as is a null pointer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_call_options {
    /// sizeof(nearcall_call_options), as the caller was compiled.
    pub size: u32,
    /// NEARCALL_WAIT_FOR_READY, or 0 for what the channel says.
    pub flags: u32,
    /// When to give up, in milliseconds from the start of the call to its last message; the server is told. 0: what the
    /// channel says for a unary call, never for a stream.
    pub deadline_ms: u64,
    /// The longest message in either direction, in bytes. 0: 4 MiB.
    pub message_max: u64,
    /// What goes along with the request, or 0; it is copied.
    pub metadata: nearcall_metadata,
    /// Told of every event, instead of polling; null for polling. Not for nearcall_unary.
    pub on_event: nearcall_stream_fn,
    /// Handed to `on_event`.
    pub context: *mut c_void,
}

/// How a host is made. All zero but `size` is the default, as is a null pointer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_host_options {
    /// sizeof(nearcall_host_options), as the caller was compiled.
    pub size: u32,
    /// 0.
    pub flags: u32,
    /// How long nearcall_host_close waits for the calls in flight, in milliseconds. 0: 1 second.
    pub drain_timeout_ms: u64,
    /// How long a unary call may take whose caller names no deadline, in milliseconds. 0: 10 seconds.
    pub unary_deadline_ms: u64,
}
