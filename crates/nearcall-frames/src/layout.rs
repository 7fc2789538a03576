//! Where each thing stands in shared memory: `docs/frames.md` has the same in words.
//!
//! Numbers are little-endian and stand at multiples of their size. Offsets are in bytes from the start of what contains
//! them. Words that change while others look are 64 bits long, so that one load sees one value.

/// What a data region begins with.
pub const MAGIC: [u8; 8] = *b"\x89NFRAM\r\n";

/// Versions of the layout: readers refuse another major version, and ignore what a later minor version adds.
pub const ABI: (u16, u16) = (1, 0);

/// What is written together shares a line; what different processors write never does.
pub const LINE_BYTES: usize = 64;

/// Payloads start at multiples of this, so that they can be mapped by themselves.
pub const PAGE_BYTES: usize = 4_096;

/// The data region's header, at its start.
pub mod header {
    /// Bytes of the header.
    pub const BYTES: usize = 256;
    /// Bytes of what never changes, at its start.
    pub const FIXED_BYTES: usize = 128;
    /// [`MAGIC`](super::MAGIC).
    pub const MAGIC: usize = 0;
    /// u16, u16: major and minor version.
    pub const ABI: usize = 8;
    /// u32: bytes of this header.
    pub const HEADER_BYTES: usize = 12;
    /// u64: another each time the server starts.
    pub const EPOCH: usize = 16;
    /// u64: the channel, within the epoch.
    pub const CHANNEL: usize = 24;
    /// u64: the region, within the channel; one that replaces it has another.
    pub const REGION: usize = 32;
    /// u32: how many slots there are.
    pub const SLOTS: usize = 40;
    /// u32: how many frames are kept beside the latest.
    pub const HISTORY: usize = 44;
    /// u64: bytes from one payload to the next.
    pub const STRIDE: usize = 48;
    /// u64: bytes that a payload may have.
    pub const PAYLOAD_BYTES: usize = 56;
    /// u64: where the ring of descriptors is.
    pub const RING_AT: usize = 64;
    /// u32: how many descriptors it has.
    pub const RING_LENGTH: usize = 72;
    /// u64: where the slot headers are.
    pub const SLOT_HEADERS_AT: usize = 80;
    /// u64: where the payloads are.
    pub const PAYLOADS_AT: usize = 88;
    /// u64: bytes of the whole region.
    pub const REGION_BYTES: usize = 96;
    /// u64: [`LAYOUT_HASH`](super::LAYOUT_HASH).
    pub const LAYOUT_HASH: usize = 104;
    /// u64, changes: the newest frame, seq << 16 | slot; 0 when there is none yet.
    pub const LATEST: usize = 128;
    /// u64, changes: counts publications; its low half is a futex word.
    pub const NOTIFY: usize = 136;
    /// u64, changes: one of [`state`](super::state).
    pub const STATE: usize = 144;
    /// u64, changes: frames published.
    pub const PUBLISHED: usize = 192;
    /// u64, changes: frames dropped because a subscription held the writer up.
    pub const DROPPED: usize = 200;
    /// u64, changes: frames dropped because every slot was in use.
    pub const WITHOUT_SLOT: usize = 208;
}

/// What a channel may say of itself.
pub mod state {
    /// Frames come.
    pub const LIVE: u64 = 1;
    /// Another region took this one's place.
    pub const RETIRED: u64 = 2;
    /// No more frames come.
    pub const CLOSED: u64 = 3;
}

/// A descriptor: which slot has a frame. That of frame `seq` is number `seq % ring length`.
pub mod descriptor {
    /// Bytes of a descriptor.
    pub const BYTES: usize = 64;
    /// u64: the frame's seq; 0 while the descriptor is being written.
    pub const STAMP: usize = 0;
    /// u32.
    pub const SLOT: usize = 8;
    /// u32: [`flags`](super::flags).
    pub const FLAGS: usize = 12;
    /// u64: bytes of the payload.
    pub const LENGTH: usize = 16;
    /// u64: when it was published, in nanoseconds since 1970.
    pub const TIME: usize = 24;
    /// u32: CRC-32 of the payload, with the flag for it.
    pub const CRC: usize = 32;
    /// 24 bytes of the user's.
    pub const USER: usize = 40;
}

/// Flags of a descriptor.
pub mod flags {
    /// The CRC is there.
    pub const CRC: u32 = 1;
}

/// A slot's header.
pub mod slot {
    /// Bytes of a slot header.
    pub const BYTES: usize = 256;
    /// Bytes of a slot header before its meta.
    pub const FIXED_BYTES: usize = 96;
    /// u64: seq << 1 of the frame in the slot, | 1 while it is being written; 0 when there is none.
    pub const STAMP: usize = 0;
    /// u64: bytes of the payload.
    pub const LENGTH: usize = 8;
    /// u64: bytes of the payload that are there; equal to the length once it is published.
    pub const PROGRESS: usize = 16;
    /// u64: when what it shows was so, in nanoseconds since 1970; 0 when not said.
    pub const CAPTURED: usize = 24;
    /// u64: when it was published, in nanoseconds since 1970.
    pub const PUBLISHED: usize = 32;
    /// u32: CRC-32 of the payload, with the flag for it.
    pub const CRC: usize = 40;
    /// u16: which kind of meta, see [`kind`](super::kind).
    pub const META_KIND: usize = 44;
    /// u16: bytes of meta.
    pub const META_LENGTH: usize = 46;
    /// 24 bytes of the user's.
    pub const USER: usize = 48;
    /// u32: [`flags`](super::flags).
    pub const FLAGS: usize = 72;
    /// What the payload is.
    pub const META: usize = 96;
    /// Bytes of meta, at most.
    pub const META_BYTES: usize = 160;
}

/// Kinds of meta.
pub mod kind {
    /// Bytes that only the channel's user understands.
    pub const OPAQUE: u16 = 0;
    /// A picture.
    pub const VIDEO: u16 = 1;
    /// Samples.
    pub const AUDIO: u16 = 2;
    /// A snapshot of a world, or what changed in it.
    pub const STATE: u16 = 3;
}

/// A return page: what one reader says.
pub mod page {
    /// Bytes of a return page.
    pub const BYTES: usize = 4_096;
    /// u64: the newest frame that the reader has taken.
    pub const CONSUMED: usize = 0;
    /// u64: 0 when the reader is awake; else seq << 1 of the first frame to wake it for, | 1 to wake it by its doorbell.
    pub const WAKE_AFTER: usize = 8;
    /// 16 times u64: each 0, or seq << 16 | slot + 1 of a frame that the reader holds.
    pub const PINS: usize = 64;
    /// Bytes of one pin.
    pub const PIN_BYTES: usize = 8;
}

/// Name, offset and bytes of every field, part by part: what [`LAYOUT_HASH`] is made of.
pub const FIELDS: &[(&str, usize, usize)] = &[
    ("header.magic", header::MAGIC, 8),
    ("header.abi", header::ABI, 4),
    ("header.header_bytes", header::HEADER_BYTES, 4),
    ("header.epoch", header::EPOCH, 8),
    ("header.channel", header::CHANNEL, 8),
    ("header.region", header::REGION, 8),
    ("header.slots", header::SLOTS, 4),
    ("header.history", header::HISTORY, 4),
    ("header.stride", header::STRIDE, 8),
    ("header.payload_bytes", header::PAYLOAD_BYTES, 8),
    ("header.ring_at", header::RING_AT, 8),
    ("header.ring_length", header::RING_LENGTH, 4),
    ("header.slot_headers_at", header::SLOT_HEADERS_AT, 8),
    ("header.payloads_at", header::PAYLOADS_AT, 8),
    ("header.region_bytes", header::REGION_BYTES, 8),
    ("header.layout_hash", header::LAYOUT_HASH, 8),
    ("header.latest", header::LATEST, 8),
    ("header.notify", header::NOTIFY, 8),
    ("header.state", header::STATE, 8),
    ("header.published", header::PUBLISHED, 8),
    ("header.dropped", header::DROPPED, 8),
    ("header.without_slot", header::WITHOUT_SLOT, 8),
    ("descriptor.stamp", descriptor::STAMP, 8),
    ("descriptor.slot", descriptor::SLOT, 4),
    ("descriptor.flags", descriptor::FLAGS, 4),
    ("descriptor.length", descriptor::LENGTH, 8),
    ("descriptor.time", descriptor::TIME, 8),
    ("descriptor.crc", descriptor::CRC, 4),
    ("descriptor.user", descriptor::USER, 24),
    ("slot.stamp", slot::STAMP, 8),
    ("slot.length", slot::LENGTH, 8),
    ("slot.progress", slot::PROGRESS, 8),
    ("slot.captured", slot::CAPTURED, 8),
    ("slot.published", slot::PUBLISHED, 8),
    ("slot.crc", slot::CRC, 4),
    ("slot.meta_kind", slot::META_KIND, 2),
    ("slot.meta_length", slot::META_LENGTH, 2),
    ("slot.user", slot::USER, 24),
    ("slot.flags", slot::FLAGS, 4),
    ("slot.meta", slot::META, slot::META_BYTES),
    ("page.consumed", page::CONSUMED, 8),
    ("page.wake_after", page::WAKE_AFTER, 8),
    ("page.pins", page::PINS, 128),
];

/// A number for this layout, FNV-1a of 64 bits: for each of [`FIELDS`] the name's bytes, the offset and the length in
/// four little-endian bytes each. Two builds that lay memory out differently differ in it.
pub const LAYOUT_HASH: u64 = hash();

// The offsets hold by construction of the format, so that a slip does not compile.
const _: () = {
    assert!(
        header::BYTES.is_multiple_of(LINE_BYTES) && header::FIXED_BYTES.is_multiple_of(LINE_BYTES)
    );
    assert!(header::LAYOUT_HASH + 8 <= header::FIXED_BYTES);
    assert!(header::LATEST == header::FIXED_BYTES);
    assert!(header::LATEST / LINE_BYTES == header::STATE / LINE_BYTES);
    assert!(header::PUBLISHED.is_multiple_of(LINE_BYTES));
    assert!(header::WITHOUT_SLOT + 8 <= header::BYTES);
    assert!(descriptor::BYTES == LINE_BYTES && descriptor::USER + 24 == descriptor::BYTES);
    assert!(slot::BYTES.is_multiple_of(LINE_BYTES));
    assert!(slot::FLAGS + 4 <= slot::FIXED_BYTES && slot::META == slot::FIXED_BYTES);
    assert!(slot::META + slot::META_BYTES == slot::BYTES);
    assert!(page::PINS.is_multiple_of(LINE_BYTES) && page::WAKE_AFTER + 8 <= page::PINS);
    assert!(page::PINS + page::PIN_BYTES * crate::limits::PINS_MAX as usize <= page::BYTES);
    let mut rest = FIELDS;
    while let [(_, at, bytes), others @ ..] = rest {
        let alignment = if *bytes < 8 { *bytes } else { 8 };
        assert!(
            at.is_multiple_of(alignment),
            "a field stands at a multiple of its size"
        );
        if let [(_, next, _), ..] = others {
            assert!(*next == 0 || *next >= *at + *bytes, "fields do not overlap");
        }
        rest = others;
    }
};

const fn hash() -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut fields = FIELDS;
    while let [(name, at, bytes), others @ ..] = fields {
        hash = add(hash, name.as_bytes());
        hash = add(hash, &small(*at).to_le_bytes());
        hash = add(hash, &small(*bytes).to_le_bytes());
        fields = others;
    }
    hash
}

const fn add(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut rest = bytes;
    while let [byte, others @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        rest = others;
    }
    hash
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked in the line before, at compile time"
)]
const fn small(number: usize) -> u32 {
    assert!(number <= u32::MAX as usize);
    number as u32
}
