"""Shared memory that is safe to map: sealed, of the granted size, and nothing but memory."""

import fcntl
import mmap
import os

import numpy

from . import layout
from .errors import RegionRefused

SEAL_SHRINK, SEAL_GROW, SEAL_FUTURE_WRITE = 0x2, 0x4, 0x10
TMPFS = 0x01021994
_GET_SEALS = 1034


class Memory:
    """A mapping, by address. It lives for as long as something refers to it."""

    def __init__(self, mapping):
        self._mapping = mapping
        self.bytes = numpy.frombuffer(mapping, numpy.uint8)
        self.address = self.bytes.ctypes.data

    def __len__(self):
        return len(self.bytes)

    def read(self, at, length):
        """A copy of some bytes."""
        return self.bytes[at : at + length].tobytes()


def open_region(descriptor, length):
    """Maps a channel's region for reading, or raises RegionRefused. The descriptor stays the caller's."""
    _check(descriptor, length, SEAL_SHRINK | SEAL_GROW | SEAL_FUTURE_WRITE)
    return map_file(descriptor, length, mmap.PROT_READ)


def open_return_page(descriptor):
    """Maps the return page that a server made for this reader, for writing."""
    _check(descriptor, layout.PAGE_BYTES, SEAL_SHRINK | SEAL_GROW)
    return map_file(descriptor, layout.PAGE_BYTES, mmap.PROT_READ | mmap.PROT_WRITE)


def map_file(descriptor, length, access):
    """Maps a file with no check; children and dumps do not get it."""
    mapping = mmap.mmap(descriptor, length, flags=mmap.MAP_SHARED, prot=access)
    for advice in ("MADV_DONTFORK", "MADV_DONTDUMP"):
        if hasattr(mmap, advice):
            mapping.madvise(getattr(mmap, advice))
    return Memory(mapping)


def _check(descriptor, length, wanted):
    try:
        seals = fcntl.fcntl(descriptor, _GET_SEALS)
    except OSError as error:
        raise RegionRefused("memory", f"expected sealed memory, found something else: {error}") from error
    if seals & wanted != wanted:
        raise RegionRefused("memory", f"expected the seals {wanted:#x}, found {seals:#x}: it could shrink or change hands")
    found = os.fstat(descriptor).st_size
    if found != length:
        raise RegionRefused("size", f"expected memory of {length} bytes, found {found}")
    kind = _file_system(descriptor)
    if kind != TMPFS:
        raise RegionRefused("memory", f"expected memory of tmpfs, found a file system of type {kind:#x}")


def _file_system(descriptor):
    import ctypes

    # `struct statfs` has 120 bytes on 64-bit Linux, and begins with the type.
    found = (ctypes.c_long * 32)()
    library = ctypes.CDLL(None, use_errno=True)
    if library.fstatfs(ctypes.c_int(descriptor), ctypes.byref(found)) != 0:
        raise RegionRefused("memory", f"asking for the file system failed: {os.strerror(ctypes.get_errno())}")
    return found[0]
