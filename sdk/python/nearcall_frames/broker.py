"""The socket that passes memory: a ticket goes in, two descriptors come out, and then it is a doorbell."""

import errno
import os
import select
import socket
import struct


MESSAGE_BYTES = 32
CLAIM_TIMEOUT = 5.0
RINGS_MAX = 1024
_CLAIM, _GRANTED, _REFUSED, _VERSION = 1, 2, 3, 1
_REASONS = {1: "there is no such ticket, or not any more", 2: "the ticket is another user's", 3: "the channel has ended"}


class Refused(Exception):
    """The broker gave nothing, or something else than was granted. Ask for another way."""


def claim(path, ticket, grant):
    """Presents a ticket. Answers with the socket and the two descriptors, which are the caller's to close."""
    bell = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        bell.settimeout(CLAIM_TIMEOUT)
        bell.connect(path)
        bell.send(struct.pack("<HH4x16s8x", _CLAIM, _VERSION, ticket))
        # One byte and some descriptors more, so that what is too long is seen to be.
        message, descriptors, flags, _ = socket.recv_fds(bell, MESSAGE_BYTES + 1, 8, socket.MSG_CMSG_CLOEXEC)
        try:
            _check(message, descriptors, flags, grant)
        except Refused:
            for descriptor in descriptors:
                os.close(descriptor)
            raise
        bell.setblocking(False)
        return bell, descriptors
    except BaseException:
        bell.close()
        raise


def _check(message, descriptors, flags, grant):
    if len(message) != MESSAGE_BYTES or flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise Refused(f"expected a message of {MESSAGE_BYTES} bytes, found {len(message)}")
    kind, version, reason = struct.unpack_from("<HHH", message)
    if version != _VERSION:
        raise Refused(f"expected version {_VERSION} of the broker's messages, found {version}")
    if kind == _REFUSED:
        raise Refused(_REASONS.get(reason, f"the ticket was refused for reason {reason}"))
    identity = grant.identity
    expected = struct.pack("<HH4xQQQ", _GRANTED, _VERSION, grant.subscription, identity.epoch, identity.region)
    if message != expected or len(descriptors) != 2:
        raise Refused("the broker sent something else than was granted; ask for another ticket")


def hear(bell):
    """Takes all rings. False when the server has hung up or died."""
    for _ in range(RINGS_MAX):
        try:
            if not bell.recv(MESSAGE_BYTES):
                return False
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
    return True


def is_listening(bell):
    """Whether the other side still has its end. A server that evicts a reader says no more, and still listens."""
    try:
        bell.send(b"\0")
    except BlockingIOError:
        return True
    except OSError as error:
        return error.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)
    return True


def wait(descriptors, seconds):
    """Waits until one of the descriptors has something to say; None waits without a bound."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    poll.poll(None if seconds is None else max(0.0, seconds) * 1000)


