"""Where everything stands in a region and in a return page, as docs/frames.md has it: version 1.0, offsets in bytes."""

MAGIC = bytes.fromhex("894e4652414d0d0a")
MAJOR = 1
HEADER_BYTES = 256
DESCRIPTOR_BYTES = 64
SLOT_BYTES = 256
PAGE_BYTES = 4096
META_BYTES = 160

FIELDS = (
    ("header.magic", 0, 8),
    ("header.abi", 8, 4),
    ("header.header_bytes", 12, 4),
    ("header.epoch", 16, 8),
    ("header.channel", 24, 8),
    ("header.region", 32, 8),
    ("header.slots", 40, 4),
    ("header.history", 44, 4),
    ("header.stride", 48, 8),
    ("header.payload_bytes", 56, 8),
    ("header.ring_at", 64, 8),
    ("header.ring_length", 72, 4),
    ("header.slot_headers_at", 80, 8),
    ("header.payloads_at", 88, 8),
    ("header.region_bytes", 96, 8),
    ("header.layout_hash", 104, 8),
    ("header.latest", 128, 8),
    ("header.notify", 136, 8),
    ("header.state", 144, 8),
    ("header.published", 192, 8),
    ("header.dropped", 200, 8),
    ("header.without_slot", 208, 8),
    ("descriptor.stamp", 0, 8),
    ("descriptor.slot", 8, 4),
    ("descriptor.flags", 12, 4),
    ("descriptor.length", 16, 8),
    ("descriptor.time", 24, 8),
    ("descriptor.crc", 32, 4),
    ("descriptor.user", 40, 24),
    ("slot.stamp", 0, 8),
    ("slot.length", 8, 8),
    ("slot.progress", 16, 8),
    ("slot.captured", 24, 8),
    ("slot.published", 32, 8),
    ("slot.crc", 40, 4),
    ("slot.meta_kind", 44, 2),
    ("slot.meta_length", 46, 2),
    ("slot.user", 48, 24),
    ("slot.flags", 72, 4),
    ("slot.meta", 96, 160),
    ("page.consumed", 0, 8),
    ("page.wake_after", 8, 8),
    ("page.pins", 64, 128),
)

AT = {name: at for name, at, _ in FIELDS}

LIVE, RETIRED, CLOSED = 1, 2, 3
"""What `header.state` says."""

HAS_CRC = 1
"""The flag that there is a CRC."""


def _hash():
    found = 0xCBF29CE484222325
    for name, at, length in FIELDS:
        for byte in name.encode() + at.to_bytes(4, "little") + length.to_bytes(4, "little"):
            found = (found ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return found


LAYOUT_HASH = _hash()
"""FNV-1a over the fields: another number means another layout."""
