"""An agent that looks at pictures as they are drawn: frames in a second, and where the light is, from the pixels.

    python examples/python/numpy_agent.py [CHANNEL ...] [--seconds 5] [--frames 300] [--tier broker] [--pixels all]

CHANNEL is `render.main`, `arena/render.main`, or several: one line a second for each. Needs `sdk/python`.
"""

import argparse
import time

import numpy

import nearcall_frames


def main():
    options = read_options()
    at = {"at": options.at} if options.at else {}
    tiers = [options.tier] if options.tier else ["broker", "proc", "inline"]
    channels = options.channels or ["render.main"]
    with nearcall_frames.open_all(channels, tiers=tiers, **at) as group:
        seen = {stream: Seen(name, stream) for name, stream in zip(channels, group.streams)}
        begun = said = time.monotonic()
        total = 0
        for stream, frame in group:
            # The picture is shared memory; with the `with` it goes back to the renderer.
            with frame:
                seen[stream].look(frame, options.pixels)
            total += 1
            now = time.monotonic()
            if now - said >= 1:
                for one in seen.values():
                    one.say(now - said)
                said = now
            if total == options.frames or options.seconds and now - begun >= options.seconds:
                break
        took = time.monotonic() - begun
        print(f"{total} frames in {took:.1f} s: {total / took:.1f} frames/s from {len(channels)} channel(s)")


class Seen:
    """What was seen of one channel since it was last said."""

    def __init__(self, name, stream):
        self.name, self.stream = name, stream
        self.frames = self.missed = self.seq = 0
        self.light = self.place = 0.0

    def look(self, frame, pixels):
        if self.seq and frame.epoch == self.stream.epoch:
            self.missed += max(0, frame.seq - self.seq - 1)
        self.seq = frame.seq
        self.frames += 1
        picture = frame.array if pixels == "all" else frame.array[::4, ::4]
        # Brightness by ITU-R BT.601, and the row that half of the light is above.
        rows = picture[..., :3].mean(axis=1, dtype=numpy.float32) @ numpy.float32([0.299, 0.587, 0.114])
        self.light = rows.mean()
        self.place = numpy.searchsorted(rows.cumsum(), rows.sum() / 2) / len(rows)

    def say(self, seconds):
        print(
            f"{self.name:<20} {self.frames / seconds:6.1f} frames/s by {self.stream.tier}, {self.missed} not looked at;"
            f" frame {self.seq}: brightness {self.light:.1f}, half of it above {self.place:.0%} of the height",
            flush=True,
        )
        self.frames = self.missed = 0


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("channels", metavar="CHANNEL", nargs="*", help="default: render.main")
    parser.add_argument("--at", help="the server's name or address, for all channels")
    parser.add_argument("--seconds", type=float, default=5, help="how long to look; 0 for ever (default: %(default)s)")
    parser.add_argument("--frames", type=int, help="how many frames to look at")
    parser.add_argument("--tier", choices=["broker", "proc", "inline"], help="one way only; default: the best there is")
    parser.add_argument("--pixels", choices=["some", "all"], default="some", help="one of 16, or all (default: some)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
