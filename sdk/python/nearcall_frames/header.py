"""The header of a region: what a channel says of itself, once."""

import struct
from dataclasses import dataclass

from . import layout
from .errors import RegionRefused
from .geometry import Geometry

_DERIVED = (
    ("header_bytes", "<I", lambda _: layout.HEADER_BYTES),
    ("stride", "<Q", lambda geometry: geometry.stride),
    ("ring_at", "<Q", lambda _: layout.HEADER_BYTES),
    ("ring_length", "<I", lambda geometry: geometry.slots),
    ("slot_headers_at", "<Q", lambda geometry: geometry.slot_headers_at),
    ("payloads_at", "<Q", lambda geometry: geometry.payloads_at),
    ("region_bytes", "<Q", lambda geometry: geometry.region_bytes),
)


@dataclass(frozen=True)
class Identity:
    """Which region of which channel of which start of the server."""

    epoch: int
    channel: int
    region: int


def check(header, identity, geometry):
    """Holds a region's first 256 bytes against what was granted over gRPC; raises RegionRefused."""
    found = header[: len(layout.MAGIC)]
    if found != layout.MAGIC:
        raise RegionRefused(
            "magic", f"expected a frame channel, which begins with {layout.MAGIC.hex(' ')}, found {found.hex(' ')}"
        )
    major = _field(header, "abi", "<H")
    if major != layout.MAJOR:
        raise RegionRefused(
            "version", f"expected version {layout.MAJOR} of the layout, found {major}; use peers of one version"
        )
    found = _field(header, "layout_hash", "<Q")
    if found != layout.LAYOUT_HASH:
        raise RegionRefused("layout", f"expected a layout with the hash {layout.LAYOUT_HASH:#x}, found {found:#x}")
    says = Geometry(
        _field(header, "slots", "<I"), _field(header, "payload_bytes", "<Q"), _field(header, "history", "<I")
    )
    for name, format, follows in _DERIVED:
        expected, found = follows(says), _field(header, name, format)
        if found != expected:
            raise RegionRefused(
                "field", f"expected {name} to be {expected}, which follows from the slots, found {found}"
            )
    found = Identity(*(_field(header, name, "<Q") for name in ("epoch", "channel", "region")))
    if found != identity:
        raise RegionRefused("identity", f"expected {identity}, found {found}; ask the server again")
    if says != geometry:
        raise RegionRefused("geometry", f"expected {geometry}, found {says}; ask the server again")


def _field(header, name, format):
    return struct.unpack_from(format, header, layout.AT[f"header.{name}"])[0]
