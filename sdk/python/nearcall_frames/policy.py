"""Which frames come, and what becomes of the writer when a reader lags."""

from dataclasses import dataclass
from datetime import timedelta

from nearcall.frames.v1 import frames_pb2 as wire

DROP_NEW, DEMOTE, EVICT = "drop_new", "demote", "evict"
_THEN = {DROP_NEW: wire.THEN_DROP_NEW, DEMOTE: wire.THEN_DEMOTE, EVICT: wire.THEN_EVICT}


@dataclass(frozen=True)
class Latest:
    """The newest frame, whatever came between; it costs the writer nothing."""

    def wire(self):
        return wire.Policy(latest=wire.Latest())


@dataclass(frozen=True)
class DropOldest:
    """Every frame in turn, at most `depth` behind, then a gap. `depth` is 1 to the channel's history and one."""

    depth: int

    def wire(self):
        return wire.Policy(drop_oldest=wire.DropOldest(depth=self.depth))


@dataclass(frozen=True)
class Block:
    """Every frame in turn. The writer waits `max_wait` at most, 10 s at most; then `DROP_NEW`, `DEMOTE` or `EVICT`."""

    max_wait: timedelta
    then: str = DROP_NEW

    def wire(self):
        wait = int(self.max_wait / timedelta(milliseconds=1))
        return wire.Policy(block=wire.Block(max_wait_ms=wait, then=_THEN[self.then]))


@dataclass(frozen=True)
class Sample:
    """The newest frame, at most `hz` times in a second, 1 to 1,000."""

    hz: int

    def wire(self):
        return wire.Policy(sample=wire.Sample(hz=self.hz))


def read(policy):
    """The policy that a server granted; None where this version does not know it."""
    kind = policy.WhichOneof("kind")
    if kind in (None, "latest"):
        return Latest()
    if kind == "drop_oldest":
        return DropOldest(policy.drop_oldest.depth)
    if kind == "block":
        then = {number: name for name, number in _THEN.items()}.get(policy.block.then, DROP_NEW)
        return Block(timedelta(milliseconds=policy.block.max_wait_ms), then)
    if kind == "sample":
        return Sample(policy.sample.hz)
    return None
