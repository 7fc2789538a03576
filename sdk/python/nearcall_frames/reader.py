"""Reads the frames of one subscription in place: which comes next, and how it is held."""

import struct
import threading
import time
from dataclasses import dataclass

import numpy

from . import header, layout, meta, policy
from .errors import AllHeld, Damaged, Overtaken, RegionRefused
from .frame import Frame, Held, Info
from .geometry import Geometry
from .header import Identity

PINS_MAX = 16
ATTEMPTS_MAX = 64
"""How often a reader tries to get hold of a frame while the writer overtakes it."""

TAKES_NO_MORE = 2**64 - 1

NOTHING, CLOSED, RETIRED = "nothing", "closed", "retired"


@dataclass(frozen=True)
class Grant:
    """What a server granted, over gRPC. This is believed, and the shared memory held against it."""

    subscription: int
    identity: Identity
    geometry: Geometry
    pins: int
    policy: object
    first: int


@dataclass(frozen=True)
class Gap:
    """Frames that this reader will not get."""

    first: int
    last: int

    def __len__(self):
        return self.last - self.first + 1


class Reader:
    """One reader of a region, with its return page. `next` never waits.

    It is for one thread; frames may be let go of by any.
    """

    def __init__(self, region, page, grant, atomics, keep=None):
        expected = grant.geometry.region_bytes
        if len(region) != expected:
            raise RegionRefused("size", f"expected a region of {expected} bytes, found {len(region)}")
        if not 1 <= grant.pins <= PINS_MAX:
            raise RegionRefused("pins", f"expected a grant of 1 to {PINS_MAX} pins, found {grant.pins}")
        header.check(region.read(0, layout.HEADER_BYTES), grant.identity, grant.geometry)
        self._region, self._page, self._grant, self._atomics = region, page, grant, atomics
        self._geometry = grant.geometry
        # What has to live for as long as a frame is held: the doorbell, by which the server knows that we do.
        self._keep = keep
        self._free = list(range(grant.pins))
        self._lock = threading.Lock()
        self._due = 0.0
        self.next_seq = max(grant.first, 1)
        self.policy = grant.policy

    def next(self):
        """A Frame, a Gap, or NOTHING, CLOSED or RETIRED."""
        depth = None
        if isinstance(self.policy, policy.Sample) and time.monotonic() < self._due:
            return NOTHING
        if isinstance(self.policy, policy.DropOldest):
            depth = self.policy.depth
        elif isinstance(self.policy, policy.Block):
            depth = self._geometry.history + 1
        for _ in range(ATTEMPTS_MAX):
            named = self._latest()
            if named is None or named[0] < self.next_seq:
                return self._nothing()
            latest, slot = named
            if depth is None:
                frame = self._lease(latest, slot)
            else:
                oldest = latest + 1 - depth
                if oldest > self.next_seq:
                    gap = Gap(self.next_seq, oldest - 1)
                    self.next_seq = oldest
                    return gap
                frame = self._find(self.next_seq)
            if frame is not None:
                self._took(frame.seq)
                return frame
        raise Overtaken(f"the writer overtook this reader {ATTEMPTS_MAX} times in a row; use a channel with more slots")

    def due_in(self):
        """Seconds until the policy allows another frame."""
        return max(0.0, self._due - time.monotonic())

    def sleep(self):
        """Asks the writer to ring when there is something next. False where there is already: do not sleep then."""
        self._store_page("wake_after", self.next_seq << 1 | 1)
        # The counterpart of the fence in the writer's announcement: wish, then look; news, then look.
        self._atomics.fence()
        named = self._latest()
        news = named is not None and named[0] >= self.next_seq
        if news or self._load("state") != layout.LIVE:
            self.wake_up()
            return False
        return True

    def wake_up(self):
        """Takes back what `sleep` asked for."""
        self._store_page("wake_after", 0)

    def take_no_more(self):
        """Says that nothing more is taken, though frames may still be held: a writer need not wait for this reader."""
        self._store_page("consumed", TAKES_NO_MORE)

    def _lease(self, seq, slot):
        with self._lock:
            if not self._free:
                raise AllHeld(self._grant.pins)
            pin = self._free.pop()
        atomics = self._atomics
        atomics.store(self._pin_at(pin), seq << 16 | slot + 1)
        # The counterpart of the fence in the writer's search for a slot: pin, then look at the stamp; stamp, then look at
        # the pins.
        atomics.fence()
        at = self._geometry.slot_header_at(slot)
        if atomics.load(self._region.address + at + layout.AT["slot.stamp"]) != seq << 1:
            self._let_go(pin)
            return None
        return self._read(seq, slot, pin, self._region.read(at, layout.SLOT_BYTES))

    def _read(self, seq, slot, pin, found):
        """The numbers are the writer's word. Lengths are held against what there is, and nothing else is a place."""
        _, length, _, captured, published, crc, kind, meta_length, user, flags = struct.unpack_from(
            "<5QIHH24sI", found
        )
        length = min(length, self._geometry.payload_bytes)
        start = layout.AT["slot.meta"]
        said = found[start : start + min(meta_length, layout.META_BYTES)]
        has_crc = flags & layout.HAS_CRC
        info = Info(seq, meta.parse(kind, said), captured, published, crc if has_crc else None, user)
        at = self._geometry.payload_at(slot)
        held = Held(self._region, at, length, lambda: self._let_go(pin))
        return Frame(info, numpy.asarray(held), "broker", self._grant.identity.epoch)

    def _let_go(self, pin):
        # The store is a release: what was read of the frame was read before.
        self._atomics.store(self._pin_at(pin), 0)
        self._free.append(pin)

    def _find(self, seq):
        at = self._geometry.descriptor_at(seq)
        if self._atomics.load(self._region.address + at + layout.AT["descriptor.stamp"]) != seq:
            return None
        (slot,) = struct.unpack("<I", self._region.read(at + layout.AT["descriptor.slot"], 4))
        self._check_slot(slot)
        # A descriptor that is replaced meanwhile may name any slot, and then the slot's stamp is another frame's.
        return self._lease(seq, slot)

    def _latest(self):
        word = self._load("latest")
        if word == 0:
            return None
        self._check_slot(word & 0xFFFF)
        return word >> 16, word & 0xFFFF

    def _check_slot(self, slot):
        if slot >= self._geometry.slots:
            raise Damaged(
                f"expected a slot below {self._geometry.slots}, found {slot} in shared memory; the server is broken, or is"
                " another version"
            )

    def _took(self, seq):
        self.next_seq = seq + 1
        self._store_page("consumed", seq)
        if isinstance(self.policy, policy.Sample):
            self._due = time.monotonic() + 1.0 / self.policy.hz

    def _nothing(self):
        """Nothing yet, or the end: the writer says so after its last frame, so it is looked for once more."""
        ending = {layout.CLOSED: CLOSED, layout.RETIRED: RETIRED}.get(self._load("state"))
        named = self._latest() if ending else None
        return NOTHING if ending is None or (named and named[0] >= self.next_seq) else ending

    def _load(self, field):
        return self._atomics.load(self._region.address + layout.AT[f"header.{field}"])

    def _store_page(self, field, value):
        self._atomics.store(self._page.address + layout.AT[f"page.{field}"], value)

    def _pin_at(self, pin):
        return self._page.address + layout.AT["page.pins"] + 8 * pin
