"""Where the frames of a subscription come from. `poll` answers with a Frame, a Gap, or one of the words of the reader,
and of these `LOST`: the server or the region is gone, and the channel is to be opened again."""

import os
import queue
import socket
import threading
import time

import grpc
import numpy

from nearcall.frames.v1 import frames_pb2 as wire
from nearcall.frames.v1.frames_pb2_grpc import FramesStub

from . import broker, header, layout, memory, meta
from .atomics import ATOMICS
from .errors import AllHeld, Broken, Evicted, FramesError, Overtaken
from .frame import Frame, Held, Info
from .reader import CLOSED, NOTHING, RETIRED, Gap, Reader

LOST = "lost"
CREDIT = 2
"""Frames that may come before the reader asks for more: one to look at while the next is under way."""


class Attached:
    """Frames in memory that the broker passed: no call for a frame, and a doorbell to sleep by."""

    tier = "broker"

    def __init__(self, answer, grant):
        bell, descriptors = broker.claim(answer.broker_path, answer.ticket, grant)
        self._bell = bell
        try:
            region = memory.open_region(descriptors[0], grant.geometry.region_bytes)
            page = memory.open_return_page(descriptors[1])
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self._reader = Reader(region, page, grant, ATOMICS, keep=_Closing(bell))
        self._gone = False

    def poll(self):
        try:
            came = self._reader.next()
        except Overtaken:
            time.sleep(0)
            return NOTHING
        if came == RETIRED:
            return LOST
        if came == NOTHING and self._gone:
            if broker.is_listening(self._bell):
                raise Evicted("the subscription lagged behind the writer and was ended; open the channel again")
            return LOST
        return came

    def sleep(self):
        """Seconds that it is worth sleeping at most; None without a bound, 0 where there is something already."""
        due = self._reader.due_in()
        if due:
            return due
        return None if self._reader.sleep() else 0.0

    def wake_up(self):
        self._reader.wake_up()
        self._gone = self._gone or not broker.hear(self._bell)

    def fileno(self):
        return self._bell.fileno()

    def close(self):
        """The doorbell closes with the last frame that is held: until then the server has to know of us."""
        self._reader.take_no_more()
        self._reader = None


class _Closing:
    """Closes a socket with the last who refers to this."""

    def __init__(self, bell):
        self._bell = bell

    def __del__(self):
        self._bell.close()


class _Up:
    """What is said to the server. With the last who refers to this, the stream ends."""

    def __init__(self):
        self._requests = queue.SimpleQueue()
        self.call = self.channel = None

    def say(self, **request):
        self._requests.put(wire.SubscribeRequest(**request))

    def requests(self):
        # Refers to the queue alone, and not to `self`: gRPC keeps this for as long as the stream lives.
        return iter(self._requests.get, None)

    def __del__(self):
        self._requests.put(None)
        if self.call is not None:
            self.call.cancel()


class Streamed:
    """Frames that a stream brings: as bytes, or as references into memory that `/proc` opened, which the server holds."""

    def __init__(self, channel, answer, grant, tier):
        self.tier = tier
        self._grant = grant
        self._region = _open_path(answer.region.path, grant) if tier == "proc" else None
        self._up = _Up()
        self._up.say(start=wire.Start(ticket=answer.ticket, credit=CREDIT))
        self._up.call = FramesStub(channel).Subscribe(self._up.requests())
        self._up.channel = channel
        self._events = queue.SimpleQueue()
        self._bell, ring = socket.socketpair()
        self._bell.setblocking(False)
        ring.setblocking(False)
        listen = threading.Thread(
            target=_listen, args=(self._up.call, self._events, ring), name="nearcall-frames", daemon=True
        )
        listen.start()
        self._held = [0]
        self._begun = None
        self._owed = False

    def poll(self):
        if self._region is not None and self._held[0] >= self._grant.pins:
            raise AllHeld(self._grant.pins)
        if self._owed:
            self._owed = False
            self._up.say(credit=wire.Credit(frames=1))
        while True:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                return NOTHING
            came = self._take(event)
            if came is not None:
                self._owed = isinstance(came, Frame)
                return came

    def sleep(self):
        return None if self._events.empty() else 0.0

    def wake_up(self):
        broker.hear(self._bell)

    def fileno(self):
        return self._bell.fileno()

    def close(self):
        """The stream ends with the last frame that is held."""
        self._up = None
        self._bell.close()

    def _take(self, event):
        if isinstance(event, grpc.RpcError):
            if event.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                return LOST
            raise FramesError(f"the server ended the frames: {event.details()}")
        if event is None:
            return LOST
        which = event.WhichOneof("event")
        if which == "frame":
            return self._begin(event.frame)
        if which == "chunk":
            return self._go_on(event.chunk.bytes)
        if which == "gap":
            return Gap(event.gap.first, event.gap.last)
        if which == "end":
            if event.end.ending == wire.ENDING_EVICTED:
                raise Evicted("the subscription lagged behind the writer and was ended; open the channel again")
            return {wire.ENDING_CLOSED: CLOSED, wire.ENDING_RETIRED: LOST}.get(event.end.ending)
        return None  # Something that a later version says.

    def _begin(self, frame):
        said = frame.info
        crc = said.crc if said.HasField("crc") else None
        info = Info(said.seq, meta.from_wire(said), said.captured_ns, said.published_ns, crc, said.user)
        if frame.body.WhichOneof("content") == "frame":
            return self._refer(info, frame.body.frame)
        if frame.length > self._grant.geometry.payload_bytes:
            raise Broken("expected a frame no longer than its channel's slots")
        self._begun = (info, bytearray(), frame.length)
        return self._go_on(frame.body.inline)

    def _go_on(self, piece):
        if self._begun is None:
            raise Broken("expected a frame before its pieces")
        info, whole, length = self._begun
        whole += piece
        if len(whole) > length:
            raise Broken("expected a frame as long as it was said to be")
        if len(whole) < length:
            return None
        self._begun = None
        flat = numpy.frombuffer(bytes(whole), numpy.uint8)
        return Frame(info, flat, self.tier, self._grant.identity.epoch)

    def _refer(self, info, reference):
        if self._region is None:
            raise Broken("expected no reference to memory that was not opened")
        if reference.offset + reference.length > len(self._region):
            raise Broken("expected a frame within its region")
        up, held = self._up, self._held
        held[0] += 1

        def let_go():
            held[0] -= 1
            up.say(release=wire.LetGo(seq=info.seq))

        flat = numpy.asarray(Held(self._region, reference.offset, reference.length, let_go))
        return Frame(info, flat, self.tier, self._grant.identity.epoch)


def _listen(call, events, ring):
    """The thread of a stream. What may come is bounded by the credit."""
    with ring:
        try:
            for event in call:
                events.put(event)
                _ring(ring)
            events.put(None)
        except grpc.RpcError as error:
            events.put(error)
        _ring(ring)


def _ring(ring):
    try:
        ring.send(b"\0")
    except OSError:
        pass  # Full, and so enough to wake up by; or nobody is there any more.


def _open_path(path, grant):
    """Opens the region by its path, and holds it against what the server said over gRPC."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        region = memory.open_region(descriptor, grant.geometry.region_bytes)
    finally:
        os.close(descriptor)
    # A process that took the number of the server's may have another channel there.
    header.check(region.read(0, layout.HEADER_BYTES), grant.identity, grant.geometry)
    return region
