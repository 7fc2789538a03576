//! What C sees of frame channels.

#![expect(
    missing_debug_implementations,
    reason = "a union cannot say which of its fields counts"
)]

/// Frames of one channel, as they come.
pub type nearcall_frames = u64;
/// A frame that is held.
pub type nearcall_lease = u64;

/// Which frames come; docs/frames.md has what each costs the writer.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_frames_policy {
    /// The newest one.
    NEARCALL_FRAMES_LATEST = 0,
    /// Every one in turn, at most `depth` behind the newest; further behind, frames are lost.
    NEARCALL_FRAMES_DROP_OLDEST = 1,
    /// Every one in turn: the writer waits for this reader, for at most `max_wait_ms`, and then does `then`.
    NEARCALL_FRAMES_BLOCK = 2,
    /// The newest one, at most `hz` times in a second.
    NEARCALL_FRAMES_SAMPLE = 3,
}

/// What a writer does about a reader that held it up for as long as it may.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_frames_then {
    /// It drops new frames, for all readers, until this one goes on.
    NEARCALL_THEN_DROP_NEW = 0,
    /// The reader holds nobody up any more, and loses frames instead.
    NEARCALL_THEN_DEMOTE = 1,
    /// The reader gets no more frames: NEARCALL_ERROR_EVICTED.
    NEARCALL_THEN_EVICT = 2,
}

/// How frames come, as bits for `tiers` of nearcall_frames_options.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_tier {
    /// None: the channel is not open yet, or the server is gone.
    NEARCALL_TIER_NONE = 0,
    /// In shared memory that was passed over a Unix socket, with no call for a frame.
    NEARCALL_TIER_BROKER = 1,
    /// In shared memory that was opened through /proc, with a message for each frame.
    NEARCALL_TIER_PROC = 2,
    /// As bytes over the connection: the server may always choose it.
    NEARCALL_TIER_INLINE = 4,
    /// Out of a file that the server writes for this reader alone, into memory of this process: both sides have to ask for it.
    NEARCALL_TIER_FILE = 8,
    /// On Windows: in shared memory whose handles the server put into this process, with no call for a frame.
    NEARCALL_TIER_HANDLE = 16,
}

/// How it is with a channel's frames.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_frames_state {
    /// The channel is being opened.
    NEARCALL_FRAMES_OPENING = 0,
    /// Frames come.
    NEARCALL_FRAMES_LIVE = 1,
    /// The server is gone, or makes frames of another size: the channel is being opened again.
    NEARCALL_FRAMES_GONE = 2,
    /// No more frames come.
    NEARCALL_FRAMES_ENDED = 3,
}

/// What the bytes of a frame are: which field of its `meta` counts.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_meta_kind {
    /// What only the channel's user understands: `meta.opaque`.
    NEARCALL_META_OPAQUE = 0,
    /// A picture: `meta.video`.
    NEARCALL_META_VIDEO = 1,
    /// Sound: `meta.audio`.
    NEARCALL_META_AUDIO = 2,
    /// The state of a world: `meta.state`.
    NEARCALL_META_STATE = 3,
    /// Of a kind that this version does not know, or not as its kind has to be: `meta.unknown`. The bytes are still
    /// the frame's.
    NEARCALL_META_UNKNOWN = 65535,
}

/// How one sample of sound is written.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_sample_format {
    /// Signed, 16 bits, little-endian.
    NEARCALL_SAMPLE_I16 = 1,
    /// Floating point, 32 bits, little-endian, from -1 to 1.
    NEARCALL_SAMPLE_F32 = 2,
}

/// Whether a state stands by itself.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum nearcall_state_kind {
    /// It has everything.
    NEARCALL_STATE_SNAPSHOT = 1,
    /// It has what changed since the frame `base`.
    NEARCALL_STATE_DELTA = 2,
}

/// How a channel of frames is opened. All zero but `size` is the default, as is a null pointer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_frames_options {
    /// sizeof(nearcall_frames_options), as the caller was compiled.
    pub size: u32,
    /// A nearcall_frames_policy.
    pub policy: u32,
    /// With NEARCALL_FRAMES_DROP_OLDEST: frames that may wait to be taken, 1 to the channel's history and one more.
    pub depth: u32,
    /// With NEARCALL_FRAMES_SAMPLE: 1 to 1,000.
    pub hz: u32,
    /// With NEARCALL_FRAMES_BLOCK: the longest wait in milliseconds, up to 10,000.
    pub max_wait_ms: u32,
    /// With NEARCALL_FRAMES_BLOCK: a nearcall_frames_then.
    pub then: u32,
    /// How many frames may be held at once, 1 to 16. 0: 2, one to look at while the next one comes.
    pub pins: u32,
    /// The ways that frames may come, values of nearcall_tier or'ed together. 0: all but files. Ways of another
    /// system are passed over; with no other, frames come as bytes.
    pub tiers: u32,
    /// Channels whose frames have fewer bytes than this come as bytes. 0: 65,536.
    pub inline_below: u64,
}

/// A part of a picture, in pixels.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct nearcall_rectangle {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// A picture: `height` rows of `stride` bytes each, top first. It is the writer's word: hold it against the frame's
/// length before you look.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_video {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row to the next.
    pub stride: u32,
    /// How pixels are written: a code of drm_fourcc.h, such as "AB24" for bytes R, G, B, A. No NUL.
    pub fourcc: [u8; 4],
    /// How many rectangles count. 0: everything may have changed since the frame before.
    pub damage_count: u32,
    /// What changed since the frame before. They may reach beyond the picture.
    pub damage: [nearcall_rectangle; 8],
}

/// Samples, those of one moment side by side.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_audio {
    /// Moments in a second.
    pub rate: u32,
    /// Samples for each moment.
    pub channels: u32,
    /// A nearcall_sample_format.
    pub format: u32,
    /// How many moments there are.
    pub moments: u32,
    /// The first moment, counted in moments since the stream began.
    pub pts: u64,
}

/// A snapshot of a world, or what changed in it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_state {
    /// Which schema the bytes follow.
    pub schema: u64,
    /// The frame that a delta is to be laid upon; 0 for a snapshot.
    pub base: u64,
    /// A nearcall_state_kind.
    pub kind: u32,
    /// 0.
    pub reserved: u32,
}

/// Bytes of the user's own that go along with a frame.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_opaque {
    /// How many of the bytes count.
    pub len: u32,
    /// The bytes.
    pub bytes: [u8; 160],
}

/// What the bytes of a frame are; `meta_kind` says which field counts.
#[repr(C)]
#[derive(Clone, Copy)]
pub union nearcall_meta {
    /// With NEARCALL_META_OPAQUE.
    pub opaque: nearcall_opaque,
    /// With NEARCALL_META_VIDEO.
    pub video: nearcall_video,
    /// With NEARCALL_META_AUDIO.
    pub audio: nearcall_audio,
    /// With NEARCALL_META_STATE.
    pub state: nearcall_state,
    /// With NEARCALL_META_UNKNOWN: the number of the kind.
    pub unknown: u32,
}

/// A frame that is held: the writer leaves its bytes alone until it is given to nearcall_frame_release. Set `size` to
/// sizeof(nearcall_frame) before handing one in.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct nearcall_frame {
    /// sizeof(nearcall_frame), as the caller was compiled.
    pub size: u32,
    /// A nearcall_meta_kind.
    pub meta_kind: u32,
    /// What nearcall_frame_release goes by; 0 where there is no frame.
    pub lease: nearcall_lease,
    /// The first byte, never to be written to; any value where `len` is 0.
    pub data: *const u8,
    /// How many bytes there are.
    pub len: usize,
    /// The frame's number, from 1, within the epoch.
    pub seq: u64,
    /// Another each time the server starts.
    pub epoch: u64,
    /// When what it shows was so, in nanoseconds since 1970; 0 when not said.
    pub captured_ns: u64,
    /// When it was published, in nanoseconds since 1970.
    pub published_ns: u64,
    /// How many frames were lost right before it, where the policy is to get each in turn.
    pub lost: u64,
    /// The nearcall_tier by which it came.
    pub tier: u32,
    /// 1 where the writer gave a `crc`.
    pub has_crc: u32,
    /// CRC-32 of the bytes, as zlib has it.
    pub crc: u32,
    /// The user's own.
    pub user: [u8; 24],
    /// What the bytes are.
    pub meta: nearcall_meta,
}

/// How it is with a channel's frames. Set `size` to sizeof(nearcall_frames_info) before handing one in.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct nearcall_frames_info {
    /// sizeof(nearcall_frames_info), as the caller was compiled.
    pub size: u32,
    /// A nearcall_frames_state.
    pub state: u32,
    /// The nearcall_tier by which frames come at the moment.
    pub tier: u32,
    /// How many frames of it are held.
    pub held: u32,
    /// The epoch of the last frame that came.
    pub epoch: u64,
    /// The number of the last frame that came; 0 before the first.
    pub seq: u64,
    /// How many frames came.
    pub taken: u64,
    /// How many frames were lost, where the policy is to get each in turn.
    pub lost: u64,
    /// How often frames were lost.
    pub gaps: u64,
    /// How often frames went on from another start of the server.
    pub restarts: u64,
}
