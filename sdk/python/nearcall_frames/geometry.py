"""How a channel's memory is divided. Checked once; offsets that come out of it lie in the region."""

from dataclasses import dataclass

from . import layout
from .errors import RegionRefused

SLOTS_MAX = 4096
PAYLOAD_BYTES_MAX = 1 << 30
REGION_BYTES_MAX = 16 << 30


def _whole_pages(length):
    return -(-length // layout.PAGE_BYTES) * layout.PAGE_BYTES


@dataclass(frozen=True)
class Geometry:
    """`slots` frames of `payload_bytes` bytes at most, of which `history` stay readable beside the latest."""

    slots: int
    payload_bytes: int
    history: int

    def __post_init__(self):
        if not self.history + 2 <= self.slots <= SLOTS_MAX:
            raise RegionRefused(
                "geometry",
                f"expected {self.history + 2} to {SLOTS_MAX} slots to keep {self.history} frames, found {self.slots}",
            )
        if not 1 <= self.payload_bytes <= PAYLOAD_BYTES_MAX:
            raise RegionRefused(
                "geometry", f"expected frames of 1 to {PAYLOAD_BYTES_MAX} bytes, found {self.payload_bytes}"
            )
        if self.region_bytes > REGION_BYTES_MAX:
            raise RegionRefused(
                "geometry", f"expected a channel of {REGION_BYTES_MAX} bytes at most, found {self.region_bytes}"
            )

    @property
    def stride(self):
        """Bytes from one slot to the next."""
        return _whole_pages(self.payload_bytes)

    @property
    def slot_headers_at(self):
        return layout.HEADER_BYTES + layout.DESCRIPTOR_BYTES * self.slots

    @property
    def payloads_at(self):
        return _whole_pages(self.slot_headers_at + layout.SLOT_BYTES * self.slots)

    @property
    def region_bytes(self):
        return self.payloads_at + self.stride * self.slots

    def descriptor_at(self, seq):
        return layout.HEADER_BYTES + layout.DESCRIPTOR_BYTES * (seq % self.slots)

    def slot_header_at(self, slot):
        return self.slot_headers_at + layout.SLOT_BYTES * slot

    def payload_at(self, slot):
        return self.payloads_at + self.stride * slot
