"""What a frame's bytes are: a picture, sound, the state of a world, or something that only its user knows."""

import struct
from dataclasses import dataclass
from enum import IntEnum

OPAQUE, VIDEO, AUDIO, STATE = range(4)
DAMAGE_MAX = 8


@dataclass(frozen=True)
class Opaque:
    """Up to 160 bytes that only the channel's user understands."""

    bytes: bytes = b""


@dataclass(frozen=True)
class Rectangle:
    """A part of a picture, in pixels. It is the writer's word, and may reach beyond the picture."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Video:
    """`height` rows of `stride` bytes each, top first. `fourcc` is of `drm_fourcc.h`: `AB24` for bytes R, G, B, A.

    `damage` is what changed since the frame before; none means that everything may have.
    """

    width: int
    height: int
    stride: int
    fourcc: bytes
    damage: tuple = ()


class SampleFormat(IntEnum):
    """How a sample of sound is written, little-endian."""

    I16 = 1
    F32 = 2


@dataclass(frozen=True)
class Audio:
    """`moments` times `channels` samples, those of one moment side by side; `rate` moments in a second.

    `pts` is the first moment, counted in moments since the stream began.
    """

    rate: int
    channels: int
    format: SampleFormat
    pts: int
    moments: int


class StateKind(IntEnum):
    """Whether a frame of state stands by itself."""

    SNAPSHOT = 1
    DELTA = 2


@dataclass(frozen=True)
class State:
    """A world, or what changed in it since frame `base`."""

    schema: int
    base: int
    kind: StateKind


@dataclass(frozen=True)
class Unknown:
    """Of a kind that this version does not know, or not as its kind has to be. The bytes are still a frame."""

    kind: int


def parse(kind, found):
    """Reads meta as it stands in a slot's header."""
    try:
        if kind == OPAQUE:
            return Opaque(bytes(found))
        if kind == VIDEO:
            width, height, stride, fourcc, damaged = struct.unpack_from("<3I4sI12x", found)
            if damaged <= DAMAGE_MAX:
                damage = (struct.unpack_from("<4I", found, 32 + 16 * index) for index in range(damaged))
                return Video(width, height, stride, fourcc, tuple(Rectangle(*one) for one in damage))
        if kind == AUDIO:
            rate, channels, format, pts, moments = struct.unpack_from("<IHHQI4x", found)
            return Audio(rate, channels, SampleFormat(format), pts, moments)
        if kind == STATE:
            schema, base, what = struct.unpack_from("<QQI4x", found)
            return State(schema, base, StateKind(what))
    except (struct.error, ValueError):
        pass  # Too short, or a number out of range.
    return Unknown(kind)


def from_wire(info):
    """Reads meta of a `FrameInfo`."""
    which = info.WhichOneof("meta")
    try:
        if which == "opaque":
            return Opaque(info.opaque)
        if which == "video":
            video = info.video
            damage = tuple(Rectangle(one.x, one.y, one.width, one.height) for one in video.damage)
            return Video(video.width, video.height, video.stride, video.fourcc, damage)
        if which == "audio":
            audio = info.audio
            return Audio(audio.rate, audio.channels, SampleFormat(audio.format), audio.pts, audio.moments)
        if which == "state":
            return State(info.state.schema, info.state.base, StateKind(info.state.kind))
    except ValueError:
        pass  # A number out of range.
    return Unknown(0xFFFF)
