"""Reads nearcall's frame channels: pictures, sound and world states as numpy arrays, in place where memory can be shared.

    import nearcall_frames

    with nearcall_frames.open("render.main") as frames:
        for frame in frames:
            print(frame.seq, frame.array.mean())

Written from docs/frames.md; Linux, no native code. It is not a gRPC client of anything else, and it makes no channels.
"""

from .errors import AllHeld, Broken, Damaged, Evicted, FramesError, OpenError, Overtaken, RegionRefused
from .frame import Frame, Info
from .policy import DEMOTE, DROP_NEW, EVICT, Block, DropOldest, Latest, Sample
from .stream import FrameStream, Group


def open(channel, **options):
    """Opens a channel of frames by its name. See FrameStream for the options."""
    return FrameStream(channel, **options)


def open_all(channels, **options):
    """Opens several channels, such as those of several worlds, to read them as their frames come."""
    streams = []
    try:
        for channel in channels:
            streams.append(FrameStream(channel, **options))
    except BaseException:
        for stream in streams:
            stream.close()
        raise
    return Group(streams)


__all__ = [
    "DEMOTE",
    "DROP_NEW",
    "EVICT",
    "AllHeld",
    "Block",
    "Broken",
    "Damaged",
    "DropOldest",
    "Evicted",
    "Frame",
    "FrameStream",
    "FramesError",
    "Group",
    "Info",
    "Latest",
    "OpenError",
    "Overtaken",
    "RegionRefused",
    "Sample",
    "open",
    "open_all",
]
