"""A frame that came."""

from dataclasses import dataclass
from typing import Optional

import numpy

from .meta import Audio, SampleFormat, Video

_PIXELS = {b"AB24", b"XB24", b"AR24", b"XR24", b"RA24", b"RX24", b"BA24", b"BX24"}
_SAMPLES = {SampleFormat.I16: "<i2", SampleFormat.F32: "<f4"}


@dataclass(frozen=True)
class Info:
    """What the writer says of a frame: its number, what it is, and times in nanoseconds since 1970."""

    seq: int
    meta: object
    captured: int = 0
    published: int = 0
    crc: Optional[int] = None
    user: bytes = bytes(24)


class Held:
    """Bytes in shared memory that nobody writes to while this object is there: every array over them refers to it."""

    def __init__(self, memory, at, length, let_go):
        self._memory = memory
        self._let_go = let_go
        self.__array_interface__ = {
            "version": 3,
            "shape": (length,),
            "typestr": "|u1",
            # Read-only, as the mapping is.
            "data": (memory.address + at, True),
        }

    def __del__(self):
        self._let_go()


class Frame:
    """A frame: its bytes as arrays, and what its writer says of it.

    In the tiers `broker` and `proc` the arrays are the shared memory itself, and the writer leaves it alone until the
    frame *and every array that was made of it* are gone: no view outlives the lease. So whoever keeps arrays keeps
    frames, and runs out of them (`AllHeld`); `array.copy()` keeps the pixels and not the frame. As a context manager, or
    by `release()`, a frame is let go of without waiting for the garbage collector.
    """

    def __init__(self, info, flat, tier, epoch):
        self.info = info
        self.tier = tier
        self.epoch = epoch
        self.lost = 0
        """Frames lost right before this one, where the policy is to get each in turn."""
        self._flat = flat

    @property
    def seq(self):
        """The frame's number, within the epoch."""
        return self.info.seq

    @property
    def meta(self):
        return self.info.meta

    @property
    def bytes(self):
        """All bytes, as a read-only array of uint8."""
        if self._flat is None:
            raise ValueError(f"frame {self.seq} was let go of")
        return self._flat

    @property
    def array(self):
        """The frame as what it is: a picture of four bytes a pixel as (height, width, 4) of uint8, sound as
        (moments, channels), anything else (or a payload shorter than its meta says) as flat uint8. Read-only."""
        flat = self.bytes
        meta = self.meta
        if isinstance(meta, Video) and meta.fourcc in _PIXELS and meta.width and meta.height:
            end = meta.stride * (meta.height - 1) + meta.width * 4
            if meta.stride >= meta.width * 4 and end <= len(flat):
                shape, strides = (meta.height, meta.width, 4), (meta.stride, 4, 1)
                return numpy.ndarray(shape, numpy.uint8, flat, 0, strides)
        if isinstance(meta, Audio) and meta.channels:
            kind = numpy.dtype(_SAMPLES[meta.format])
            length = meta.moments * meta.channels * kind.itemsize
            if length <= len(flat):
                return flat[:length].view(kind).reshape(meta.moments, meta.channels)
        return flat

    def copy(self):
        """The array once more, in memory of this process."""
        return self.array.copy()

    def release(self):
        """Lets go of the frame; arrays made of it still hold it."""
        self._flat = None

    def __len__(self):
        return len(self.bytes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()

    def __repr__(self):
        return f"<Frame {self.seq} of {self.meta!r}, by {self.tier}>"
