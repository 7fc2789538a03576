"""Frames by a channel's name, whichever way they come, and those of several channels at once."""

import time

import grpc

from nearcall.frames.v1 import frames_pb2 as wire
from nearcall.frames.v1.frames_pb2_grpc import FramesStub

from . import address, broker, policy as policies
from .atomics import ATOMICS
from .errors import Broken, OpenError, RegionRefused
from .frame import Frame
from .geometry import Geometry
from .header import Identity
from .reader import CLOSED, NOTHING, Gap, Grant
from .source import LOST, Attached, Streamed

TIERS = ("broker", "proc", "inline")
_WIRE = {"broker": wire.TIER_BROKER, "proc": wire.TIER_PROC, "inline": wire.TIER_INLINE}
_NAMES = {number: name for name, number in _WIRE.items()}

CALL_TIMEOUT = 10.0
REATTACH_TIMEOUT = 60.0
PAUSE_MIN, PAUSE_MAX = 0.01, 0.5
_MAY_COME_BACK = ("UNAVAILABLE", "NOT_FOUND", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")

# A connection of its own, that is tried again soon: a ticket is good for the connection that asked for it.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 500))


class FrameStream:
    """The frames of one channel: iterate, or call `next`. Where the server is gone or starts anew, it attaches again.

    Arguments: `channel` as `render.main` or `arena/render.main`; `at`, the server's name or address, where the channel's
    name does not begin with it; `policy`, default the newest frame each time; `pins`, how many frames are held at once, 1
    to 16; `tiers`, the ways that frames may come; `inline_below`, the bytes below which a channel comes inline; `timeout`,
    how long iterating waits for one frame, in seconds.
    """

    def __init__(self, channel, at=None, policy=None, pins=2, tiers=TIERS, inline_below=65536, timeout=None):
        server, name = address.split(channel)
        self.name = name
        self.at = at or server
        self.lost = 0
        """Frames lost since the channel was opened, by the gaps that the policy allows."""
        self.epoch = 0
        self._policy = policy or policies.Latest()
        self._pins, self._tiers, self._inline_below, self._timeout = pins, tuple(tiers), inline_below, timeout
        self._lost_before_next = 0
        self._since = self._again = None
        self._pause = 0.0
        self._channel = self._source = None
        self._closed = False
        self._open()

    @property
    def tier(self):
        """How the frames come at the moment; None while the channel is opened again."""
        return self._source.tier if self._source else None

    def next(self, timeout=None):
        """The next frame by the policy; None when the writer has ended the channel. TimeoutError after `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            came = self.poll()
            if came is not NOTHING:
                return came if isinstance(came, Frame) else None
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"no frame of {self.name} came within {timeout} s")
            wait_for((self,), left)

    def poll(self):
        """A frame, NOTHING or CLOSED, without waiting for the writer (where the server is gone, for a try to attach)."""
        while True:
            if self._closed:
                return CLOSED
            if self._source is None and not self._attach_again():
                return NOTHING
            came = self._source.poll()
            if isinstance(came, Gap):
                self.lost += len(came)
                self._lost_before_next += len(came)
            elif came == LOST:
                self._drop_source()
            elif isinstance(came, Frame):
                came.lost, self._lost_before_next = self._lost_before_next, 0
                return came
            else:
                self._closed = came == CLOSED
                return came

    def stats(self):
        """How the channel and each of its subscriptions stand: a StatsResponse, with lag, drops and pins."""
        if self._channel is None:
            raise OpenError(f"{self.name} is not open at the moment")
        try:
            return FramesStub(self._channel).Stats(wire.StatsRequest(channel=self.name), timeout=CALL_TIMEOUT)
        except grpc.RpcError as error:
            raise OpenError(error.details(), error.code().name) from error

    def close(self):
        """Ends the subscription. Frames that are held stay readable, and the server knows of them until they are gone."""
        self._closed = True
        self._drop_source()

    def __iter__(self):
        return self

    def __next__(self):
        frame = self.next(self._timeout)
        if frame is None:
            raise StopIteration
        return frame

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _drop_source(self):
        if self._source is not None:
            self._source.close()
            if self._source.tier == "broker":
                # The others' frames are held by a stream of this connection, which ends with the last of them.
                self._channel.close()
            self._source = self._channel = None

    def _attach_again(self):
        """Whether the channel is open again. Tries with pauses, and gives up after a minute."""
        now = time.monotonic()
        if self._since is None:
            self._since, self._again, self._pause = now, now, PAUSE_MIN
        if now < self._again:
            return False
        try:
            self._open()
        except OpenError as error:
            if error.status not in _MAY_COME_BACK or now - self._since >= REATTACH_TIMEOUT:
                self._since = None
                raise
            self._pause = min(self._pause * 2, PAUSE_MAX)
            self._again = time.monotonic() + self._pause
            return False
        self._since = None
        return True

    def _open(self):
        """Opens the channel by the best way that works; whether memory can be had is known once it was tried."""
        self._channel = grpc.insecure_channel(address.grpc_target(self.at), options=_OPTIONS)
        stub = FramesStub(self._channel)
        tiers = [tier for tier in self._tiers if tier != "broker" or ATOMICS is not None]
        useless = b""
        while True:
            answer = self._ask(stub, tiers, useless)
            grant, tier = _read(answer)
            try:
                if tier == "broker":
                    self._source = Attached(answer, grant)
                else:
                    self._source = Streamed(self._channel, answer, grant, tier)
                self.epoch = grant.identity.epoch
                return
            except (OSError, RegionRefused, broker.Refused):
                if tier == "inline":
                    raise
                # A socket's path may mean nothing in another container, and a /proc may be another's.
                tiers = [other for other in tiers if other != tier]
                useless = answer.ticket

    def _ask(self, stub, tiers, useless):
        request = wire.OpenRequest(
            channel=self.name,
            tiers=[_WIRE[tier] for tier in tiers],
            policy=self._policy.wire(),
            pins=self._pins,
            inline_below=self._inline_below,
            instead_of=useless,
        )
        try:
            return stub.Open(request, timeout=CALL_TIMEOUT)
        except grpc.RpcError as error:
            raise OpenError(f"{self.name} at {self.at}: {error.details()}", error.code().name) from error


def _read(answer):
    region = answer.region
    granted = policies.read(answer.policy)
    if answer.tier not in _NAMES or granted is None:
        raise Broken("expected a tier and a policy that are known; the server is of another version")
    geometry = Geometry(region.geometry.slots, region.geometry.payload_bytes, region.geometry.history)
    identity = Identity(region.epoch, region.channel, region.region)
    grant = Grant(answer.subscription, identity, geometry, answer.pins, granted, answer.first)
    return grant, _NAMES[answer.tier]


def wait_for(streams, timeout=None):
    """Waits until one of the streams may have something, or the time has passed. What woke it is no promise: `poll`."""
    slept, waits = [], [] if timeout is None else [timeout]
    for stream in streams:
        source = stream._source
        if source is not None:
            slept.append(source)
            bound = source.sleep()
        else:
            bound = max(0.0, (stream._again or 0.0) - time.monotonic())
        if bound is not None:
            waits.append(bound)
    broker.wait(slept, min(waits) if waits else None)
    for source in slept:
        source.wake_up()


class Group:
    """The frames of several channels as they come, in turn: iterating gives pairs of a stream and its frame."""

    def __init__(self, streams):
        self.streams = list(streams)
        self._turn = 0

    def next(self, timeout=None):
        """The next stream and frame; None when every channel has ended. TimeoutError after `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            open_streams = []
            for step in range(len(self.streams)):
                # The one after the last that had a frame is asked first, so that none goes hungry.
                place = (self._turn + step) % len(self.streams)
                came = self.streams[place].poll()
                if isinstance(came, Frame):
                    self._turn = place + 1
                    return self.streams[place], came
                if came is NOTHING:
                    open_streams.append(self.streams[place])
            if not open_streams:
                return None
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"no frame of {len(open_streams)} channels came within {timeout} s")
            wait_for(open_streams, left)

    def close(self):
        for stream in self.streams:
            stream.close()

    def __iter__(self):
        return iter(self.next, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
