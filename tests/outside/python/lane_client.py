"""A client of the lane, written from docs/lane.md alone: sockets and structs, nothing of nearcall and nothing of gRPC.

One thread does it all: whoever waits for something reads frames until it is there, and what comes for other calls
meanwhile is kept for them.
"""

import socket
import struct
import time
from collections import deque

OPENING = bytes.fromhex("894e43414c4c0d0a")
VERSION = 1
HEADER = struct.Struct("<IBBHQ")
HELLO_BODY = struct.Struct("<HHQIIIIHH")

HELLO, CALL, HEADERS, MESSAGE, CLOSE, END, CANCEL, CREDIT, PING, PONG, GOAWAY = range(1, 12)
SKIPPABLE = 0x80
LAST, WITH_MESSAGE, MORE, TOTAL, WITH_HEADERS = 0x01, 0x02, 0x04, 0x08, 0x10

FRAME_MAX = 131_072
PIECE_MAX = 65_536
MESSAGE_COST = 64
NO_TIMEOUT = 2**64 - 1
REMEMBERED, SPELLED = 0xFFFE, 0xFFFF

# What this client takes. Small windows, so that a server that sends a lot has to wait for credit; the connection's holds
# what may lie unread on many streams, or they would stall each other.
MESSAGE_TAKEN = 1 << 20
STREAM_WINDOW = 2_048
CONNECTION_WINDOW = 65_536
ENTRIES_TAKEN, BYTES_TAKEN = 64, 4_096


class Broken(Exception):
    """The connection is of no more use."""


class Parted(Broken):
    """The server said why it ends the connection."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


class Table:
    """What is remembered in one direction."""

    def __init__(self, entries, size):
        self.indices, self.texts = {}, []
        self.entries, self.size = entries, size

    def add(self, text):
        """Remembers a text; whether there is room."""
        if len(self.texts) >= self.entries or len(text) > self.size:
            return False
        self.size -= len(text)
        self.indices[text] = len(self.texts)
        self.texts.append(text)
        return True

    def write(self, text):
        if text in self.indices:
            return struct.pack("<H", self.indices[text])
        marker = REMEMBERED if self.add(text) else SPELLED
        return struct.pack("<HH", marker, len(text)) + text

    def read(self, body):
        index = body.number("<H")
        if index < REMEMBERED:
            return self.texts[index]
        text = body.sized()
        if index == REMEMBERED and not self.add(text):
            raise Broken("more was remembered than this client takes")
        return text


class Body:
    """A frame's body, read from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Broken("a body that is cut short")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, layout):
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def sized(self):
        return self.take(self.number("<H"))

    def rest(self):
        return self.take(len(self.data) - self.at)

    def metadata(self, table):
        return [(table.read(self).decode(), self.sized()) for _ in range(self.number("<H"))]


class Lane:
    """One connection."""

    def __init__(self, path, timeout):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.read = bytearray()
        self.calls, self.next_id, self.pongs = {}, 1, deque()
        self.reading = Table(ENTRIES_TAKEN, BYTES_TAKEN)
        self.left, self.taken = CONNECTION_WINDOW, 0
        hello = HELLO_BODY.pack(
            VERSION, VERSION, 0, MESSAGE_TAKEN, STREAM_WINDOW, CONNECTION_WINDOW, 0, ENTRIES_TAKEN, BYTES_TAKEN
        )
        self.socket.sendall(OPENING)
        self.send(HELLO, 0, 0, hello)
        if self.bytes(len(OPENING)) != OPENING:
            raise Broken("the server does not speak the lane")
        kind, _, _, body = self.frame()
        if kind != HELLO:
            raise Broken(f"expected HELLO first, found kind {kind}")
        # What a later version adds at the end is left unread.
        fields = HELLO_BODY.unpack_from(body)
        lowest, highest, _, self.message_max, self.stream_window, self.credit, self.calls_max, entries, size = fields
        if not lowest <= VERSION <= highest:
            raise Broken(f"the server speaks versions {lowest} to {highest}")
        self.writing = Table(entries, size)

    def close(self):
        self.socket.close()

    def bytes(self, size):
        while len(self.read) < size:
            more = self.socket.recv(65_536)
            if not more:
                raise Broken("the server closed the connection")
            self.read += more
        taken = bytes(self.read[:size])
        del self.read[:size]
        return taken

    def frame(self):
        length, kind, flags, _, stream = HEADER.unpack(self.bytes(HEADER.size))
        if length > FRAME_MAX:
            raise Broken(f"a frame of {length} bytes")
        return kind, flags, stream, self.bytes(length)

    def send(self, kind, flags, stream, body=b""):
        self.socket.sendall(HEADER.pack(len(body), kind, flags, 0, stream) + body)

    def block(self, metadata):
        entries = [self.writing.write(name.encode()) + sized(value) for name, value in metadata]
        return struct.pack("<H", len(entries)) + b"".join(entries)

    def call(self, path, message=None, last=False, metadata=(), timeout=None):
        """Begins a call, with its first message where there is one that fits into the frame."""
        while len([call for call in self.calls.values() if not call.over]) >= self.calls_max:
            self.turn()
        call = Call(self, self.next_id)
        self.calls[call.id] = call
        self.next_id += 2
        whole = message is not None and len(message) <= PIECE_MAX
        if whole:
            call.pay(message)
        nanos = NO_TIMEOUT if timeout is None else int(timeout * 1e9)
        flags = (WITH_MESSAGE if whole else 0) | (LAST if last and (whole or message is None) else 0)
        body = struct.pack("<Q", nanos) + self.writing.write(path.encode()) + self.block(metadata)
        self.send(CALL, flags, call.id, body + (message if whole else b""))
        call.sending = not flags & LAST
        if message is not None and not whole:
            call.send(message, last)
        return call

    def ping(self, data):
        self.send(PING, 0, 0, data)
        while not self.pongs:
            self.turn()
        return self.pongs.popleft()

    def turn(self):
        """Reads one frame, and gives it to whom it is for."""
        kind, flags, stream, data = self.frame()
        body = Body(data)
        if kind >= SKIPPABLE:
            return
        if kind == GOAWAY:
            _, code = body.number("<Q"), body.number("<H")
            raise Parted(code, body.sized().decode())
        if kind == PING:
            self.send(PONG, 0, 0, data)
        elif kind == PONG:
            self.pongs.append(data)
        elif kind == CREDIT and stream == 0:
            self.credit += body.number("<I")
        elif stream in self.calls:
            self.calls[stream].take(kind, flags, body)
        else:
            raise Broken(f"kind {kind} for stream {stream}, which was never opened")

    def took(self, cost):
        """A message was read: half a window at a time is granted again."""
        self.taken += cost
        if self.taken >= CONNECTION_WINDOW // 2 or self.left <= 0:
            self.send(CREDIT, 0, 0, struct.pack("<I", self.taken))
            self.left, self.taken = self.left + self.taken, 0


class Call:
    """One call."""

    def __init__(self, lane, id):
        self.lane, self.id = lane, id
        self.credit = lane.stream_window
        self.left, self.taken = STREAM_WINDOW, 0
        self.sending, self.over = True, False
        self.pieces, self.missing = None, 0
        self.messages = deque()
        self.head, self.trailers = None, None
        self.code, self.text, self.details = None, None, None

    def pay(self, message):
        """Waits until there is credit of both kinds, and spends it."""
        if len(message) > self.lane.message_max:
            raise ValueError("longer than the server takes")
        while (self.credit <= 0 or self.lane.credit <= 0) and not self.over:
            self.lane.turn()
        self.credit -= MESSAGE_COST + len(message)
        self.lane.credit -= MESSAGE_COST + len(message)

    def send(self, message, last=False):
        self.pay(message)
        if not self.sending:
            return
        pieces = [message[at : at + PIECE_MAX] for at in range(0, len(message), PIECE_MAX)] or [b""]
        for number, piece in enumerate(pieces):
            flags, body = 0, piece
            if number < len(pieces) - 1:
                flags |= MORE
                if number == 0:
                    flags, body = flags | TOTAL, struct.pack("<I", len(message)) + piece
            elif last:
                flags |= LAST
            self.lane.send(MESSAGE, flags, self.id, body)
        self.sending = not last

    def close(self):
        """Says that no more messages come."""
        if self.sending:
            self.lane.send(CLOSE, 0, self.id)
            self.sending = False

    def cancel(self):
        """Gives the call up, and waits until the server has said that it did too."""
        if not self.over:
            self.lane.send(CANCEL, 0, self.id)
            self.sending = False
        while not self.over:
            self.lane.turn()

    def receive(self):
        """The next message; none once the call is over."""
        while not self.messages and not self.over:
            self.lane.turn()
        if not self.messages:
            return None
        message = self.messages.popleft()
        cost = MESSAGE_COST + len(message)
        self.lane.took(cost)
        self.taken += cost
        if not self.over and (self.taken >= STREAM_WINDOW // 2 or self.left <= 0):
            self.lane.send(CREDIT, 0, self.id, struct.pack("<I", self.taken))
            self.left, self.taken = self.left + self.taken, 0
        return message

    def __iter__(self):
        return iter(self.receive, None)

    def take(self, kind, flags, body):
        table = self.lane.reading
        if kind == CREDIT:
            # It may cross the end.
            self.credit += body.number("<I")
            return
        if self.over:
            raise Broken(f"kind {kind} after the end of stream {self.id}")
        if kind == HEADERS:
            self.head = body.metadata(table)
        elif kind == MESSAGE:
            self.head = self.head or []
            self.piece(flags, body)
        elif kind == END:
            self.code = body.number("<H")
            self.text, self.details = body.sized().decode(), body.sized()
            if flags & WITH_HEADERS:
                self.head = body.metadata(table)
            self.trailers = body.metadata(table)
            if flags & WITH_MESSAGE:
                self.whole(body.rest())
            self.over = True
            if self.sending:
                # The server waits for our half.
                self.lane.send(CANCEL, 0, self.id)
                self.sending = False
        else:
            raise Broken(f"kind {kind} from the callee")

    def piece(self, flags, body):
        if flags & TOTAL:
            self.missing, self.pieces = body.number("<I"), b""
            self.held_to_credit(self.missing)
        if self.pieces is None:
            self.whole(body.rest())
            return
        piece = body.rest()
        self.pieces, self.missing = self.pieces + piece, self.missing - len(piece)
        if bool(flags & MORE) != (self.missing > 0):
            raise Broken("pieces that do not add up")
        if self.missing == 0:
            self.messages.append(self.pieces)
            self.pieces = None

    def whole(self, message):
        self.held_to_credit(len(message))
        self.messages.append(message)

    def held_to_credit(self, length):
        if self.left <= 0 or self.lane.left <= 0:
            raise Broken("a message for which the server had no credit")
        self.left -= MESSAGE_COST + length
        self.lane.left -= MESSAGE_COST + length


def sized(value):
    return struct.pack("<H", len(value)) + value


def finish(call, within):
    """Reads a call to its end, within so many seconds."""
    until = time.monotonic() + within
    messages = []
    for message in call:
        messages.append(message)
        if time.monotonic() > until:
            raise Broken(f"the call did not end within {within} s")
    return messages
