/*
 * nearcall for C: call the process next door, and be called by it.
 *
 * Rules that hold for every function; docs/c-abi.md has them with examples.
 *
 * Pointers. A pointer that is not said to be optional must not be null: NEARCALL_ERROR_NULL. One that is not null
 * points to as much memory as its neighbour says, for the length of the call. Texts end with a NUL and are UTF-8; bytes
 * have a length, and may be null where it is 0. What goes in is copied. What comes out is written to the last
 * arguments, and only where the function says NEARCALL_OK, unless it says otherwise.
 * Handles. A handle is a number, never a pointer, and 0 is none. Each is closed once, by the function that ends in
 * _close; one that is closed, made up or of another kind is NEARCALL_ERROR_HANDLE, never a crash.
 * Texts and bytes that are copied out. With too little room, or a null buffer, the function writes nothing but the size
 * that it needs (for texts with the NUL) and answers NEARCALL_ERROR_TOO_SMALL.
 * Threads. Every function may be called from any thread; those that wait say so, and answer NEARCALL_ERROR_THREAD in a
 * callback. The library has two threads of its own; callbacks run there. A callback must not wait and must not throw.
 * Structs that begin with `size` grow: set it to sizeof, and everything that is not used to zero.
 */


#ifndef NEARCALL_H
#define NEARCALL_H

/* Made from crates/nearcall-capi/src by cbindgen: change it there. */

#include <stddef.h>
#include <stdint.h>

/* On Windows a function of the shared library is said to be imported. Define NEARCALL_STATIC for the static library. */
#ifndef NEARCALL_API
#if defined(_WIN32) && !defined(NEARCALL_STATIC)
#define NEARCALL_API __declspec(dllimport)
#else
#define NEARCALL_API
#endif
#endif

/**
 * The number of this ABI. It grows when something is added; what is there already keeps its meaning.
 */
#define NEARCALL_ABI_VERSION 5

/**
 * No time limit, for every argument and field that counts milliseconds.
 */
#define NEARCALL_FOREVER UINT64_MAX

/**
 * Calls of this channel wait until the server is there, up to their deadline, rather than failing at once.
 */
#define NEARCALL_WAIT_FOR_READY 1

/**
 * What a function answers. 0 is success; nearcall_last_error has the words for the others. These are not gRPC status
 * codes: a call that ends with one of those is NEARCALL_ERROR_STATUS, and the status says which.
 */
enum nearcall_result
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Done.
     */
    NEARCALL_OK = 0,
    /**
     * A pointer that must point to something is null.
     */
    NEARCALL_ERROR_NULL = 1,
    /**
     * The handle is closed, was never given out, or is one of another kind.
     */
    NEARCALL_ERROR_HANDLE = 2,
    /**
     * An argument has no meaning: a text that is not UTF-8, a path that names no method, a size of no version.
     */
    NEARCALL_ERROR_ARGUMENT = 3,
    /**
     * The answer does not fit into the buffer; the size that it needs was written.
     */
    NEARCALL_ERROR_TOO_SMALL = 4,
    /**
     * The call ended with a status other than OK.
     */
    NEARCALL_ERROR_STATUS = 5,
    /**
     * The time was up before anything happened.
     */
    NEARCALL_ERROR_TIMEOUT = 6,
    /**
     * It is over: nothing more can be sent or answered here.
     */
    NEARCALL_ERROR_ENDED = 7,
    /**
     * The queue is full; the other side has to read first.
     */
    NEARCALL_ERROR_FULL = 8,
    /**
     * A function that waits was called on a thread of the library, from a callback.
     */
    NEARCALL_ERROR_THREAD = 9,
    /**
     * nearcall_shutdown ended what this function waited for.
     */
    NEARCALL_ERROR_SHUTDOWN = 10,
    /**
     * A bug in the library: it panicked. The process is not harmed; what was called is best closed.
     */
    NEARCALL_ERROR_PANIC = 11,
    /**
     * There is nothing of this name, number or kind.
     */
    NEARCALL_ERROR_NOT_FOUND = 12,
    /**
     * It is not there yet.
     */
    NEARCALL_ERROR_NOT_READY = 13,
    /**
     * Nobody could be reached, or who is there may not be called.
     */
    NEARCALL_ERROR_CONNECT = 14,
    /**
     * The host could not listen: the name is taken, or the address cannot be used.
     */
    NEARCALL_ERROR_LISTEN = 15,
    /**
     * There are as many handles, or readers of a channel of frames, as there may be.
     */
    NEARCALL_ERROR_LIMIT = 16,
    /**
     * The system gave no threads.
     */
    NEARCALL_ERROR_RUNTIME = 17,
    /**
     * The host has started, or not yet, so this cannot be done any more, or not yet.
     */
    NEARCALL_ERROR_STATE = 18,
    /**
     * As many frames are held as were granted: release one first.
     */
    NEARCALL_ERROR_HELD = 19,
    /**
     * The reader lagged, and its policy asks that it gets no more frames then: open the channel again.
     */
    NEARCALL_ERROR_EVICTED = 20,
    /**
     * What the server says or shares cannot be: it is broken, or of another version.
     */
    NEARCALL_ERROR_BROKEN = 21,
    /**
     * The function is there and this system cannot do what it is for.
     */
    NEARCALL_ERROR_UNSUPPORTED = 22,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_result nearcall_result;
#else
typedef int32_t nearcall_result;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an event tells of.
 */
enum nearcall_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing happened.
     */
    NEARCALL_EVENT_NONE = 0,
    /**
     * A message came.
     */
    NEARCALL_EVENT_MESSAGE = 1,
    /**
     * The call is over; nothing comes after this. `code` has the gRPC status code on the caller's side.
     */
    NEARCALL_EVENT_END = 2,
    /**
     * A call that streams came in; only on the side that answers.
     */
    NEARCALL_EVENT_OPEN = 3,
    /**
     * The caller has sent its last message; only on the side that answers.
     */
    NEARCALL_EVENT_HALF_CLOSED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_event_kind nearcall_event_kind;
#else
typedef uint32_t nearcall_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether a hosted method takes one message and answers with one, or streams in either direction.
 */
enum nearcall_method_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * One message, one answer.
     */
    NEARCALL_METHOD_UNARY = 0,
    /**
     * Messages in either direction, or both.
     */
    NEARCALL_METHOD_STREAM = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_method_kind nearcall_method_kind;
#else
typedef uint32_t nearcall_method_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which frames come; docs/frames.md has what each costs the writer.
 */
enum nearcall_frames_policy
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The newest one.
     */
    NEARCALL_FRAMES_LATEST = 0,
    /**
     * Every one in turn, at most `depth` behind the newest; further behind, frames are lost.
     */
    NEARCALL_FRAMES_DROP_OLDEST = 1,
    /**
     * Every one in turn: the writer waits for this reader, for at most `max_wait_ms`, and then does `then`.
     */
    NEARCALL_FRAMES_BLOCK = 2,
    /**
     * The newest one, at most `hz` times in a second.
     */
    NEARCALL_FRAMES_SAMPLE = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_frames_policy nearcall_frames_policy;
#else
typedef uint32_t nearcall_frames_policy;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a writer does about a reader that held it up for as long as it may.
 */
enum nearcall_frames_then
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It drops new frames, for all readers, until this one goes on.
     */
    NEARCALL_THEN_DROP_NEW = 0,
    /**
     * The reader holds nobody up any more, and loses frames instead.
     */
    NEARCALL_THEN_DEMOTE = 1,
    /**
     * The reader gets no more frames: NEARCALL_ERROR_EVICTED.
     */
    NEARCALL_THEN_EVICT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_frames_then nearcall_frames_then;
#else
typedef uint32_t nearcall_frames_then;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How it is with a channel's frames.
 */
enum nearcall_frames_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The channel is being opened.
     */
    NEARCALL_FRAMES_OPENING = 0,
    /**
     * Frames come.
     */
    NEARCALL_FRAMES_LIVE = 1,
    /**
     * The server is gone, or makes frames of another size: the channel is being opened again.
     */
    NEARCALL_FRAMES_GONE = 2,
    /**
     * No more frames come.
     */
    NEARCALL_FRAMES_ENDED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_frames_state nearcall_frames_state;
#else
typedef uint32_t nearcall_frames_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How frames come, as bits for `tiers` of nearcall_frames_options.
 */
enum nearcall_tier
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * None: the channel is not open yet, or the server is gone.
     */
    NEARCALL_TIER_NONE = 0,
    /**
     * In shared memory that was passed over a Unix socket, with no call for a frame.
     */
    NEARCALL_TIER_BROKER = 1,
    /**
     * In shared memory that was opened through /proc, with a message for each frame.
     */
    NEARCALL_TIER_PROC = 2,
    /**
     * As bytes over the connection: the server may always choose it.
     */
    NEARCALL_TIER_INLINE = 4,
    /**
     * Out of a file that the server writes for this reader alone, into memory of this process: both sides have to ask for it.
     */
    NEARCALL_TIER_FILE = 8,
    /**
     * On Windows: in shared memory whose handles the server put into this process, with no call for a frame.
     */
    NEARCALL_TIER_HANDLE = 16,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_tier nearcall_tier;
#else
typedef uint32_t nearcall_tier;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the bytes of a frame are: which field of its `meta` counts.
 */
enum nearcall_meta_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * What only the channel's user understands: `meta.opaque`.
     */
    NEARCALL_META_OPAQUE = 0,
    /**
     * A picture: `meta.video`.
     */
    NEARCALL_META_VIDEO = 1,
    /**
     * Sound: `meta.audio`.
     */
    NEARCALL_META_AUDIO = 2,
    /**
     * The state of a world: `meta.state`.
     */
    NEARCALL_META_STATE = 3,
    /**
     * Of a kind that this version does not know, or not as its kind has to be: `meta.unknown`. The bytes are still
     * the frame's.
     */
    NEARCALL_META_UNKNOWN = 65535,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_meta_kind nearcall_meta_kind;
#else
typedef uint32_t nearcall_meta_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How one sample of sound is written.
 */
enum nearcall_sample_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Signed, 16 bits, little-endian.
     */
    NEARCALL_SAMPLE_I16 = 1,
    /**
     * Floating point, 32 bits, little-endian, from -1 to 1.
     */
    NEARCALL_SAMPLE_F32 = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_sample_format nearcall_sample_format;
#else
typedef uint32_t nearcall_sample_format;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether a state stands by itself.
 */
enum nearcall_state_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It has everything.
     */
    NEARCALL_STATE_SNAPSHOT = 1,
    /**
     * It has what changed since the frame `base`.
     */
    NEARCALL_STATE_DELTA = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum nearcall_state_kind nearcall_state_kind;
#else
typedef uint32_t nearcall_state_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Bytes that the library allocated. Where a function hands one out, nearcall_buffer_free takes it back; the memory
 * stays where it is until then, and any thread may read it. An event that a callback is given has one that is only
 * lent: it ends with the callback, and to free it does nothing.
 */
typedef struct nearcall_buffer {
    /**
     * The first byte; any value where `len` is 0.
     */
    const uint8_t *data;
    /**
     * How many bytes there are.
     */
    size_t len;
    /**
     * What nearcall_buffer_free goes by; 0 for a lent buffer.
     */
    uint64_t id;
} nearcall_buffer;

/**
 * A server in this process.
 */
typedef uint64_t nearcall_host;

/**
 * How a channel is made. All zero but `size` is the default, as is a null pointer.
 */
typedef struct nearcall_channel_options {
    /**
     * sizeof(nearcall_channel_options), as the caller was compiled.
     */
    uint32_t size;
    /**
     * NEARCALL_WAIT_FOR_READY, or 0.
     */
    uint32_t flags;
    /**
     * How long one try to connect may take, in milliseconds. 0: 5 seconds.
     */
    uint64_t connect_timeout_ms;
    /**
     * How long a unary call may take that names no deadline, in milliseconds. 0: 10 seconds.
     */
    uint64_t unary_deadline_ms;
    /**
     * A host that has not started, whose methods the channel hosts on its own connection, for the server to call; or 0.
     * They are settled from then on, and other channels may host them too. To be closed after those channels: until
     * then calls that come are answered INTERNAL once the host is closed.
     */
    nearcall_host host;
} nearcall_channel_options;

/**
 * A connection to a server that comes back by itself.
 */
typedef uint64_t nearcall_channel;

/**
 * Key and value pairs that go along with a call, in order.
 */
typedef uint64_t nearcall_metadata;

/**
 * A call that this process makes.
 */
typedef uint64_t nearcall_stream;

/**
 * What happened on a call. Set `size` to sizeof(nearcall_event) before handing one in.
 */
typedef struct nearcall_event {
    /**
     * sizeof(nearcall_event), as the caller was compiled.
     */
    uint32_t size;
    /**
     * A nearcall_event_kind.
     */
    uint32_t kind;
    /**
     * With NEARCALL_EVENT_END: the gRPC status code, 0 for OK.
     */
    int32_t code;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * With NEARCALL_EVENT_MESSAGE: the message.
     */
    struct nearcall_buffer message;
} nearcall_event;

/**
 * Told of what happens on a call that this process makes. It runs on a thread of the library, one event of a stream
 * at a time, in order, and ends with exactly one NEARCALL_EVENT_END per stream, after which `context` is not used any
 * more. It must not wait: other calls wait with it. It must not throw.
 */
typedef void (*nearcall_stream_fn)(void *context, nearcall_stream stream, const struct nearcall_event *event);

/**
 * How a call is made. All zero but `size` is the default, as is a null pointer.
 */
typedef struct nearcall_call_options {
    /**
     * sizeof(nearcall_call_options), as the caller was compiled.
     */
    uint32_t size;
    /**
     * NEARCALL_WAIT_FOR_READY, or 0 for what the channel says.
     */
    uint32_t flags;
    /**
     * When to give up, in milliseconds from the start of the call to its last message; the server is told. 0: what the
     * channel says for a unary call, never for a stream.
     */
    uint64_t deadline_ms;
    /**
     * The longest message in either direction, in bytes. 0: 4 MiB.
     */
    uint64_t message_max;
    /**
     * What goes along with the request, or 0; it is copied.
     */
    nearcall_metadata metadata;
    /**
     * Told of every event, instead of polling; null for polling. Not for nearcall_unary.
     */
    nearcall_stream_fn on_event;
    /**
     * Handed to `on_event`.
     */
    void *context;
} nearcall_call_options;

/**
 * How a call ended.
 */
typedef uint64_t nearcall_status;

/**
 * How a channel of frames is opened. All zero but `size` is the default, as is a null pointer.
 */
typedef struct nearcall_frames_options {
    /**
     * sizeof(nearcall_frames_options), as the caller was compiled.
     */
    uint32_t size;
    /**
     * A nearcall_frames_policy.
     */
    uint32_t policy;
    /**
     * With NEARCALL_FRAMES_DROP_OLDEST: frames that may wait to be taken, 1 to the channel's history and one more.
     */
    uint32_t depth;
    /**
     * With NEARCALL_FRAMES_SAMPLE: 1 to 1,000.
     */
    uint32_t hz;
    /**
     * With NEARCALL_FRAMES_BLOCK: the longest wait in milliseconds, up to 10,000.
     */
    uint32_t max_wait_ms;
    /**
     * With NEARCALL_FRAMES_BLOCK: a nearcall_frames_then.
     */
    uint32_t then;
    /**
     * How many frames may be held at once, 1 to 16. 0: 2, one to look at while the next one comes.
     */
    uint32_t pins;
    /**
     * The ways that frames may come, values of nearcall_tier or'ed together. 0: all but files. Ways of another
     * system are passed over; with no other, frames come as bytes.
     */
    uint32_t tiers;
    /**
     * Channels whose frames have fewer bytes than this come as bytes. 0: 65,536.
     */
    uint64_t inline_below;
} nearcall_frames_options;

/**
 * Frames of one channel, as they come.
 */
typedef uint64_t nearcall_frames;

/**
 * A frame that is held.
 */
typedef uint64_t nearcall_lease;

/**
 * Bytes of the user's own that go along with a frame.
 */
typedef struct nearcall_opaque {
    /**
     * How many of the bytes count.
     */
    uint32_t len;
    /**
     * The bytes.
     */
    uint8_t bytes[160];
} nearcall_opaque;

/**
 * A part of a picture, in pixels.
 */
typedef struct nearcall_rectangle {
    /**
     * From the left.
     */
    uint32_t x;
    /**
     * From the top.
     */
    uint32_t y;
    /**
     * Its width.
     */
    uint32_t width;
    /**
     * Its height.
     */
    uint32_t height;
} nearcall_rectangle;

/**
 * A picture: `height` rows of `stride` bytes each, top first. It is the writer's word: hold it against the frame's
 * length before you look.
 */
typedef struct nearcall_video {
    /**
     * Pixels in a row.
     */
    uint32_t width;
    /**
     * Rows.
     */
    uint32_t height;
    /**
     * Bytes from one row to the next.
     */
    uint32_t stride;
    /**
     * How pixels are written: a code of drm_fourcc.h, such as "AB24" for bytes R, G, B, A. No NUL.
     */
    uint8_t fourcc[4];
    /**
     * How many rectangles count. 0: everything may have changed since the frame before.
     */
    uint32_t damage_count;
    /**
     * What changed since the frame before. They may reach beyond the picture.
     */
    struct nearcall_rectangle damage[8];
} nearcall_video;

/**
 * Samples, those of one moment side by side.
 */
typedef struct nearcall_audio {
    /**
     * Moments in a second.
     */
    uint32_t rate;
    /**
     * Samples for each moment.
     */
    uint32_t channels;
    /**
     * A nearcall_sample_format.
     */
    uint32_t format;
    /**
     * How many moments there are.
     */
    uint32_t moments;
    /**
     * The first moment, counted in moments since the stream began.
     */
    uint64_t pts;
} nearcall_audio;

/**
 * A snapshot of a world, or what changed in it.
 */
typedef struct nearcall_state {
    /**
     * Which schema the bytes follow.
     */
    uint64_t schema;
    /**
     * The frame that a delta is to be laid upon; 0 for a snapshot.
     */
    uint64_t base;
    /**
     * A nearcall_state_kind.
     */
    uint32_t kind;
    /**
     * 0.
     */
    uint32_t reserved;
} nearcall_state;

/**
 * What the bytes of a frame are; `meta_kind` says which field counts.
 */
typedef union nearcall_meta {
    /**
     * With NEARCALL_META_OPAQUE.
     */
    struct nearcall_opaque opaque;
    /**
     * With NEARCALL_META_VIDEO.
     */
    struct nearcall_video video;
    /**
     * With NEARCALL_META_AUDIO.
     */
    struct nearcall_audio audio;
    /**
     * With NEARCALL_META_STATE.
     */
    struct nearcall_state state;
    /**
     * With NEARCALL_META_UNKNOWN: the number of the kind.
     */
    uint32_t unknown;
} nearcall_meta;

/**
 * A frame that is held: the writer leaves its bytes alone until it is given to nearcall_frame_release. Set `size` to
 * sizeof(nearcall_frame) before handing one in.
 */
typedef struct nearcall_frame {
    /**
     * sizeof(nearcall_frame), as the caller was compiled.
     */
    uint32_t size;
    /**
     * A nearcall_meta_kind.
     */
    uint32_t meta_kind;
    /**
     * What nearcall_frame_release goes by; 0 where there is no frame.
     */
    nearcall_lease lease;
    /**
     * The first byte, never to be written to; any value where `len` is 0.
     */
    const uint8_t *data;
    /**
     * How many bytes there are.
     */
    size_t len;
    /**
     * The frame's number, from 1, within the epoch.
     */
    uint64_t seq;
    /**
     * Another each time the server starts.
     */
    uint64_t epoch;
    /**
     * When what it shows was so, in nanoseconds since 1970; 0 when not said.
     */
    uint64_t captured_ns;
    /**
     * When it was published, in nanoseconds since 1970.
     */
    uint64_t published_ns;
    /**
     * How many frames were lost right before it, where the policy is to get each in turn.
     */
    uint64_t lost;
    /**
     * The nearcall_tier by which it came.
     */
    uint32_t tier;
    /**
     * 1 where the writer gave a `crc`.
     */
    uint32_t has_crc;
    /**
     * CRC-32 of the bytes, as zlib has it.
     */
    uint32_t crc;
    /**
     * The user's own.
     */
    uint8_t user[24];
    /**
     * What the bytes are.
     */
    union nearcall_meta meta;
} nearcall_frame;

/**
 * How it is with a channel's frames. Set `size` to sizeof(nearcall_frames_info) before handing one in.
 */
typedef struct nearcall_frames_info {
    /**
     * sizeof(nearcall_frames_info), as the caller was compiled.
     */
    uint32_t size;
    /**
     * A nearcall_frames_state.
     */
    uint32_t state;
    /**
     * The nearcall_tier by which frames come at the moment.
     */
    uint32_t tier;
    /**
     * How many frames of it are held.
     */
    uint32_t held;
    /**
     * The epoch of the last frame that came.
     */
    uint64_t epoch;
    /**
     * The number of the last frame that came; 0 before the first.
     */
    uint64_t seq;
    /**
     * How many frames came.
     */
    uint64_t taken;
    /**
     * How many frames were lost, where the policy is to get each in turn.
     */
    uint64_t lost;
    /**
     * How often frames were lost.
     */
    uint64_t gaps;
    /**
     * How often frames went on from another start of the server.
     */
    uint64_t restarts;
} nearcall_frames_info;

/**
 * How a host is made. All zero but `size` is the default, as is a null pointer.
 */
typedef struct nearcall_host_options {
    /**
     * sizeof(nearcall_host_options), as the caller was compiled.
     */
    uint32_t size;
    /**
     * 0.
     */
    uint32_t flags;
    /**
     * How long nearcall_host_close waits for the calls in flight, in milliseconds. 0: 1 second.
     */
    uint64_t drain_timeout_ms;
    /**
     * How long a unary call may take whose caller names no deadline, in milliseconds. 0: 10 seconds.
     */
    uint64_t unary_deadline_ms;
} nearcall_host_options;

/**
 * A call that this process answers.
 */
typedef uint64_t nearcall_served;

/**
 * Told of the calls that a host answers, under the rules of nearcall_stream_fn. A unary call is one
 * NEARCALL_EVENT_MESSAGE. A streaming one is NEARCALL_EVENT_OPEN, messages, NEARCALL_EVENT_HALF_CLOSED unless the
 * caller went before, and NEARCALL_EVENT_END.
 */
typedef void (*nearcall_served_fn)(void *context, nearcall_served call, const struct nearcall_event *event);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Gives a buffer back and empties the struct. A buffer that is empty already, or only lent, is left as it is; one
 * whose copy was given back before is NEARCALL_ERROR_HANDLE. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_buffer_free(struct nearcall_buffer *buffer);

/**
 * Connects to a name, such as "arith" or "arena/arith", or to an address, such as "unix:/tmp/arith.sock".
 * NEARCALL_ERROR_CONNECT where nobody can be reached. Waits; not from a callback. `options` may be null.
 */
NEARCALL_API
nearcall_result nearcall_channel_connect(const char *target,
                                         const struct nearcall_channel_options *options,
                                         nearcall_channel *channel);

/**
 * As nearcall_channel_connect, but the first call connects, and this function never waits: it fails only where the
 * target is neither a name nor an address. From any thread. `options` may be null.
 */
NEARCALL_API
nearcall_result nearcall_channel_lazy(const char *target,
                                      const struct nearcall_channel_options *options,
                                      nearcall_channel *channel);

/**
 * Ends a channel handle. Calls that were started on it go on; the connection ends with the last of them. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_channel_close(nearcall_channel channel);

/**
 * Calls a method that takes one message and answers with one. `path` is "/package.Service/Method", the messages are
 * encoded. With NEARCALL_OK, `reply` is to be given to nearcall_buffer_free; with NEARCALL_ERROR_STATUS the call ended
 * otherwise. `status`, if not null, is set to a handle in both cases, to be closed, and to 0 in all others. Waits, up
 * to the deadline; not from a callback. `options` may be null.
 */
NEARCALL_API
nearcall_result nearcall_unary(nearcall_channel channel,
                               const char *path,
                               const uint8_t *request,
                               size_t request_len,
                               const struct nearcall_call_options *options,
                               struct nearcall_buffer *reply,
                               nearcall_status *status);

/**
 * Opens a channel of frames by its name, such as "render.main". It never waits, not for the server either: whether
 * the channel is there is found by nearcall_frames_poll and nearcall_frames_wait. Where the server is gone later on,
 * the channel is opened again by itself, for a minute. From any thread. `options` may be null. On Linux,
 * Windows and macOS; elsewhere NEARCALL_ERROR_UNSUPPORTED, and with no channel and no frame the other functions have nothing that
 * they could be called with.
 */
NEARCALL_API
nearcall_result nearcall_frames_open(nearcall_channel channel,
                                     const char *name,
                                     const struct nearcall_frames_options *options,
                                     nearcall_frames *frames);

/**
 * Looks whether there is another frame by the channel's policy: one that is there is held, and is to be given to
 * nearcall_frame_release; with none, `lease` of `frame` is 0. Never waits: made for the loop of a game. From memory it
 * is the newest at this moment; frames that come as bytes may be one or two behind. From any thread.
 *
 * NEARCALL_ERROR_HELD where as many frames are held as may be: release one, and go on. What ends the frames is told
 * once, and afterwards NEARCALL_ERROR_ENDED: NEARCALL_ERROR_NOT_FOUND where there is no such channel,
 * NEARCALL_ERROR_ARGUMENT where it takes no such options, NEARCALL_ERROR_LIMIT where it has as many readers as it
 * may, NEARCALL_ERROR_CONNECT where the server cannot be reached, NEARCALL_ERROR_EVICTED, NEARCALL_ERROR_BROKEN,
 * NEARCALL_ERROR_STATUS where the server says something else, NEARCALL_ERROR_ENDED where the writer ended it.
 */
NEARCALL_API
nearcall_result nearcall_frames_poll(nearcall_frames frames,
                                     struct nearcall_frame *frame);

/**
 * As nearcall_frames_poll, but waits until there is a frame, up to a time. When that is up, NEARCALL_ERROR_TIMEOUT; or
 * NEARCALL_ERROR_CONNECT while the server is gone, with which the frames have not ended: wait again, and they go on
 * once it is back. One thread may wait for a channel's frames at a time: NEARCALL_ERROR_STATE. Not from a callback.
 */
NEARCALL_API
nearcall_result nearcall_frames_wait(nearcall_frames frames,
                                     uint64_t timeout_ms,
                                     struct nearcall_frame *frame);

/**
 * How it is with a channel's frames, as of the last look. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_frames_get_info(nearcall_frames frames,
                                         struct nearcall_frames_info *info);

/**
 * Ends a channel's handle. Frames that are held stay until they are released; a thread that waits answers
 * NEARCALL_ERROR_ENDED. From any thread.
 */
NEARCALL_API nearcall_result nearcall_frames_close(nearcall_frames frames);

/**
 * Lets go of a frame and empties the struct; its bytes must not be looked at any more. A struct without a frame is left
 * as it is; one whose copy was released before is NEARCALL_ERROR_HANDLE. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_frame_release(struct nearcall_frame *frame);

/**
 * A server at a name, such as "arena", or at an address, such as "unix:/tmp/arena.sock"; it does not listen yet. With "" it
 * never does, and is for channels to host on their own connections: see nearcall_channel_options. From any thread.
 * `options` may be null.
 */
NEARCALL_API
nearcall_result nearcall_host_new(const char *target,
                                  const struct nearcall_host_options *options,
                                  nearcall_host *host);

/**
 * Adds a method before the host starts: `path` is "/package.Service/Method", `kind` a nearcall_method_kind. Its calls are
 * told to `on_event` with `context`; where that is null, they are found by nearcall_host_poll. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_host_method(nearcall_host host,
                                     const char *path,
                                     uint32_t kind,
                                     nearcall_served_fn on_event,
                                     void *context);

/**
 * Describes a service, by its full name, before the host starts: an encoded google.protobuf.FileDescriptorSet that holds its
 * file and all imports, as `protoc --include_imports --descriptor_set_out` writes it. With it `nearcall describe`, `nearcall
 * call` and grpcurl know the service's messages. NEARCALL_ERROR_NOT_FOUND where no method of the service was added. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_host_describe(nearcall_host host,
                                       const char *service,
                                       const uint8_t *descriptors,
                                       size_t descriptors_len);

/**
 * Begins to listen; calls come as soon as this returns, or before. Health (grpc.health.v1) and reflection are there without
 * being asked for, and the services are SERVING. NEARCALL_ERROR_LISTEN where the name is taken or the address cannot be
 * used. Signals stay the program's own. Waits; not from a callback.
 */
NEARCALL_API
nearcall_result nearcall_host_start(nearcall_host host);

/**
 * Where the host listens, in full, as text with a NUL: what another process may dial. `needed`, if not null, is set to the
 * bytes that it takes. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_host_address(nearcall_host host,
                                      char *address,
                                      size_t capacity,
                                      size_t *needed);

/**
 * Says whether a service, by its full name, is SERVING; "" is the host as a whole. `serving` is 0 or 1. Waits for a moment;
 * not from a callback.
 */
NEARCALL_API
nearcall_result nearcall_host_health(nearcall_host host,
                                     const char *service,
                                     uint32_t serving);

/**
 * Looks whether a call came, or something on one; NEARCALL_EVENT_NONE if not. For methods that were added without a callback:
 * `context`, if not null, is set to what the method was added with, which tells methods apart. The events are those of
 * nearcall_served_fn; a message is to be given to nearcall_buffer_free. Never waits: made for the loop of a game. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_host_poll(nearcall_host host,
                                   struct nearcall_event *event,
                                   nearcall_served *call,
                                   void **context);

/**
 * Stops the host: nobody can connect any more, calls in flight have the time of its options, and are then cut off with
 * UNAVAILABLE. When this returns, no callback of this host runs or will run. Calls that were not answered keep their handles,
 * to be closed. Waits; not from a callback.
 */
NEARCALL_API
nearcall_result nearcall_host_close(nearcall_host host);

/**
 * Answers a unary call with its one message, and ends the handle; from any thread, in the callback or any time later.
 * `metadata` goes along with the answer, or is 0. NEARCALL_ERROR_ENDED where the caller is gone: the handle ends all the
 * same. NEARCALL_ERROR_STATE on a stream.
 */
NEARCALL_API
nearcall_result nearcall_served_reply(nearcall_served call,
                                      nearcall_metadata metadata,
                                      const uint8_t *message,
                                      size_t message_len);

/**
 * Ends a call with a status, and the handle with it: a unary call that failed, or a stream, where 0 (OK) is the good end
 * and what was sent goes first. `message`, `details` (an encoded google.rpc.Status) and `metadata` may be null, empty and
 * 0. NEARCALL_ERROR_ENDED where the caller is gone: the handle ends all the same. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_served_finish(nearcall_served call,
                                       int32_t code,
                                       const char *message,
                                       const uint8_t *details,
                                       size_t details_len,
                                       nearcall_metadata metadata);

/**
 * Sends the initial metadata of a stream's answer, before its first message. From any thread.
 */
NEARCALL_API nearcall_result nearcall_served_send_metadata(nearcall_served call, nearcall_metadata metadata);

/**
 * Sends a message of a stream's answer, which is copied. NEARCALL_ERROR_FULL when the caller is slower than this: try again
 * later. NEARCALL_ERROR_ENDED when the caller is gone. Never waits. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_served_send(nearcall_served call,
                                     const uint8_t *message,
                                     size_t message_len);

/**
 * As nearcall_served_send, but waits for space, up to a time. Not from a callback.
 */
NEARCALL_API
nearcall_result nearcall_served_send_wait(nearcall_served call,
                                          const uint8_t *message,
                                          size_t message_len,
                                          uint64_t timeout_ms);

/**
 * What came with the request, as a handle of its own, to be closed. From any thread.
 */
NEARCALL_API nearcall_result nearcall_served_metadata(nearcall_served call, nearcall_metadata *metadata);

/**
 * How long the caller still waits, in milliseconds: NEARCALL_FOREVER where it set no deadline, 0 where it is gone. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_served_remaining_ms(nearcall_served call,
                                             uint64_t *remaining_ms);

/**
 * Ends the handle of a call without an answer: the caller is told INTERNAL. From any thread.
 */
NEARCALL_API nearcall_result nearcall_served_close(nearcall_served call);

/**
 * NEARCALL_ABI_VERSION of the library that is loaded: it should be at least that of the header. From any thread.
 */
NEARCALL_API
uint32_t nearcall_abi_version(void);

/**
 * The version of nearcall, as "0.1.0". The text is there for ever. From any thread.
 */
NEARCALL_API const char *nearcall_version(void);

/**
 * The name of a nearcall_result, as "NEARCALL_ERROR_TIMEOUT". The text is there for ever. From any thread.
 */
NEARCALL_API const char *nearcall_result_name(int32_t result);

/**
 * What failed last on this thread, in words, as text with a NUL. A success leaves it as it is. `needed`, if not null,
 * is set to the bytes that it takes. From any thread; each has its own.
 */
NEARCALL_API
nearcall_result nearcall_last_error(char *text,
                                    size_t capacity,
                                    size_t *needed);

/**
 * How many handles are open, buffers that were not given back among them: for tests that look for leaks. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_handle_count(size_t *count);

/**
 * Ends every handle and call, and the threads of the library. Streams that have a callback are told of their end
 * before this returns; afterwards no callback runs. What is called later starts the library anew. Call it before the
 * code of a callback is unloaded, and at the end of a program. NEARCALL_ERROR_TIMEOUT where a callback did not return
 * within 5 seconds. Waits; not from a callback.
 */
NEARCALL_API
nearcall_result nearcall_shutdown(void);

/**
 * Metadata without pairs, to be filled and sent. Close it when it was handed over: calls take a copy. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_metadata_new(nearcall_metadata *metadata);

/**
 * Adds a pair. The key is lower-case ASCII; where it ends in "-bin" the value may be any bytes, else printable ASCII.
 * From any thread.
 */
NEARCALL_API
nearcall_result nearcall_metadata_add(nearcall_metadata metadata,
                                      const char *key,
                                      const uint8_t *value,
                                      size_t value_len);

/**
 * How many pairs there are. From any thread.
 */
NEARCALL_API nearcall_result nearcall_metadata_count(nearcall_metadata metadata, size_t *count);

/**
 * The key of a pair, as text with a NUL. `needed`, if not null, is set to the bytes that it takes. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_metadata_key(nearcall_metadata metadata,
                                      size_t index,
                                      char *key,
                                      size_t capacity,
                                      size_t *needed);

/**
 * The value of a pair, as bytes without a NUL. `needed`, if not null, is set to the bytes that it takes. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_metadata_value(nearcall_metadata metadata,
                                        size_t index,
                                        uint8_t *value,
                                        size_t capacity,
                                        size_t *needed);

/**
 * The value of the first pair with a key, as bytes without a NUL; NEARCALL_ERROR_NOT_FOUND where there is none.
 * `needed`, if not null, is set to the bytes that it takes. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_metadata_find(nearcall_metadata metadata,
                                       const char *key,
                                       uint8_t *value,
                                       size_t capacity,
                                       size_t *needed);

/**
 * Ends a metadata handle. From any thread.
 */
NEARCALL_API nearcall_result nearcall_metadata_close(nearcall_metadata metadata);

/**
 * The gRPC status code: 0 is OK, 4 DEADLINE_EXCEEDED, 14 UNAVAILABLE and so on. From any thread.
 */
NEARCALL_API nearcall_result nearcall_status_code(nearcall_status status, int32_t *code);

/**
 * The message of the status, for people, as text with a NUL. `needed`, if not null, is set to the bytes that it takes.
 * From any thread.
 */
NEARCALL_API
nearcall_result nearcall_status_message(nearcall_status status,
                                        char *message,
                                        size_t capacity,
                                        size_t *needed);

/**
 * The details as they came: an encoded google.rpc.Status, or nothing. `needed`, if not null, is set to the bytes that
 * they take. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_status_details(nearcall_status status,
                                        uint8_t *details,
                                        size_t capacity,
                                        size_t *needed);

/**
 * The reason in the details, from google.rpc.ErrorInfo, as text with a NUL; what programs go by.
 * NEARCALL_ERROR_NOT_FOUND where there is none. `needed`, if not null, is set to the bytes that it takes. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_status_reason(nearcall_status status,
                                       char *reason,
                                       size_t capacity,
                                       size_t *needed);

/**
 * Who names the reason, from google.rpc.ErrorInfo, as text with a NUL: "nearcall" for those of nearcall itself.
 * NEARCALL_ERROR_NOT_FOUND where there is none. `needed`, if not null, is set to the bytes that it takes. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_status_domain(nearcall_status status,
                                       char *domain,
                                       size_t capacity,
                                       size_t *needed);

/**
 * When to try again, in milliseconds, from google.rpc.RetryInfo. NEARCALL_ERROR_NOT_FOUND where nothing is said. From
 * any thread.
 */
NEARCALL_API
nearcall_result nearcall_status_retry_ms(nearcall_status status,
                                         uint64_t *delay_ms);

/**
 * How many fields of the request were wrong, from google.rpc.BadRequest. From any thread.
 */
NEARCALL_API nearcall_result nearcall_status_violation_count(nearcall_status status, size_t *count);

/**
 * Which field was wrong, as text with a NUL. `needed`, if not null, is set to the bytes that it takes. From any
 * thread.
 */
NEARCALL_API
nearcall_result nearcall_status_violation_field(nearcall_status status,
                                                size_t index,
                                                char *field,
                                                size_t capacity,
                                                size_t *needed);

/**
 * What was wrong with the field, as text with a NUL. `needed`, if not null, is set to the bytes that it takes. From
 * any thread.
 */
NEARCALL_API
nearcall_result nearcall_status_violation_description(nearcall_status status,
                                                      size_t index,
                                                      char *description,
                                                      size_t capacity,
                                                      size_t *needed);

/**
 * The metadata that came with the end of the call, and for a unary call with the answer too: a handle of its own, to be
 * closed. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_status_metadata(nearcall_status status,
                                         nearcall_metadata *metadata);

/**
 * Ends a status handle. From any thread.
 */
NEARCALL_API nearcall_result nearcall_status_close(nearcall_status status);

/**
 * Opens a call of any kind: messages are sent by nearcall_stream_send, and what comes is found by nearcall_stream_poll,
 * or told to `on_event` of the options. It never waits, not for a connection either. From any thread, callbacks
 * included. `options` may be null.
 */
NEARCALL_API
nearcall_result nearcall_stream_open(nearcall_channel channel,
                                     const char *path,
                                     const struct nearcall_call_options *options,
                                     nearcall_stream *stream);

/**
 * Starts a call that takes one message and answers with one, and does not wait for the answer: it is found by
 * nearcall_stream_poll as one NEARCALL_EVENT_MESSAGE and then NEARCALL_EVENT_END, or told to `on_event`. The deadline
 * of the channel holds. From any thread, callbacks included. `options` may be null.
 */
NEARCALL_API
nearcall_result nearcall_unary_start(nearcall_channel channel,
                                     const char *path,
                                     const uint8_t *request,
                                     size_t request_len,
                                     const struct nearcall_call_options *options,
                                     nearcall_stream *stream);

/**
 * Sends a message, which is copied. NEARCALL_ERROR_FULL when the server is slower than this: try again later.
 * NEARCALL_ERROR_ENDED when the call is over. Never waits. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_stream_send(nearcall_stream stream,
                                     const uint8_t *message,
                                     size_t message_len);

/**
 * As nearcall_stream_send, but waits for space, up to a time. Not from a callback.
 */
NEARCALL_API
nearcall_result nearcall_stream_send_wait(nearcall_stream stream,
                                          const uint8_t *message,
                                          size_t message_len,
                                          uint64_t timeout_ms);

/**
 * Says that no more messages will be sent; answers still come. From any thread.
 */
NEARCALL_API nearcall_result nearcall_stream_finish(nearcall_stream stream);

/**
 * Looks whether something came; NEARCALL_EVENT_NONE if not. A message is to be given to nearcall_buffer_free. After
 * NEARCALL_EVENT_END it is NEARCALL_ERROR_ENDED. Never waits: made for the loop of a game. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_stream_poll(nearcall_stream stream,
                                     struct nearcall_event *event);

/**
 * As nearcall_stream_poll, but waits until something comes, or NEARCALL_ERROR_TIMEOUT. Not from a callback.
 */
NEARCALL_API
nearcall_result nearcall_stream_wait(nearcall_stream stream,
                                     uint64_t timeout_ms,
                                     struct nearcall_event *event);

/**
 * Gives the call up: the server hears of it, messages that were not looked at are dropped, and the stream ends with the
 * status CANCELLED unless it has ended before. The handle stays. From any thread, at any time.
 */
NEARCALL_API
nearcall_result nearcall_stream_cancel(nearcall_stream stream);

/**
 * The initial metadata of the answer, as a handle of its own, to be closed; NEARCALL_ERROR_NOT_READY until it came. It
 * is there with the first message. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_stream_metadata(nearcall_stream stream,
                                         nearcall_metadata *metadata);

/**
 * How the call ended, as a handle of its own, to be closed; NEARCALL_ERROR_NOT_READY until it has. It is there with
 * NEARCALL_EVENT_END. From any thread.
 */
NEARCALL_API
nearcall_result nearcall_stream_status(nearcall_stream stream,
                                       nearcall_status *status);

/**
 * Ends a stream handle, and gives the call up if it is not over. A callback is still told of the end. From any thread,
 * callbacks included.
 */
NEARCALL_API
nearcall_result nearcall_stream_close(nearcall_stream stream);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* NEARCALL_H */
