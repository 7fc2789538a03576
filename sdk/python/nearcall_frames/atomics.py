"""Words of shared memory that are loaded and stored whole, and the fence between a pin and a stamp.

Python has no memory model for memory that another process writes, and no fence. What a lease needs is borrowed:

1. From libatomic, GCC's run-time library: `__atomic_load_8` (acquire), `__atomic_store_8` (release), and
   `atomic_thread_fence(memory_order_seq_cst)`, C11's fence by its own name. They are calls into compiled code, so neither
   the interpreter nor a compiler moves a load or a store across them, and what they execute is what the Rust and C sides
   execute.
2. Where libatomic is not installed: words through ctypes, which moves an aligned word of eight bytes as one, and
   `membarrier(2)` as the fence. MEMBARRIER_CMD_GLOBAL_EXPEDITED executes a full barrier on the calling thread on entry and
   on exit; on one processor the kernel leaves it out, since there is nothing to order there.
3. With neither (a seccomp filter, no ctypes) there is no sound way to pin, so `ATOMICS` is None and the broker's tier is not
   asked for: the server then holds the leases.

A fence stands where the C side has an acquire load or a release store, too: it is stronger than both, and costs less
than Python takes to call it.
"""

import os
import platform

SEQ_CST = 5
ACQUIRE = 2
RELEASE = 3


class LibAtomic:
    """libatomic's functions."""

    name = "libatomic"

    def __init__(self, ctypes):
        # PyDLL keeps the interpreter's lock: none of these waits, and letting go of it would take longer than they do.
        library = ctypes.PyDLL("libatomic.so.1")
        self._load, self._store = library.__getattr__("__atomic_load_8"), library.__getattr__("__atomic_store_8")
        self._load.argtypes, self._load.restype = (ctypes.c_void_p, ctypes.c_int), ctypes.c_uint64
        self._store.argtypes, self._store.restype = (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int), None
        self._fence = library.atomic_thread_fence
        self._fence.argtypes, self._fence.restype = (ctypes.c_int,), None

    def load(self, address):
        return self._load(address, ACQUIRE)

    def store(self, address, value):
        self._store(address, value, RELEASE)

    def fence(self):
        self._fence(SEQ_CST)


class MemBarrier:
    """Aligned words through ctypes, and the kernel's barrier."""

    name = "membarrier"
    _NUMBERS = {"x86_64": 324, "aarch64": 283}
    _QUERY, _GLOBAL_EXPEDITED = 0, 2

    def __init__(self, ctypes):
        self._number = self._NUMBERS[platform.machine()]
        self._word = ctypes.c_uint64
        self._syscall = ctypes.PyDLL(None, use_errno=True).syscall
        self._syscall.argtypes, self._syscall.restype = (ctypes.c_long, ctypes.c_int, ctypes.c_uint, ctypes.c_int), ctypes.c_long
        commands = self._syscall(self._number, self._QUERY, 0, 0)
        if commands < 0 or not commands & self._GLOBAL_EXPEDITED:
            raise OSError("the kernel has no barrier to offer")

    def load(self, address):
        value = self._word.from_address(address).value
        self.fence()
        return value

    def store(self, address, value):
        self.fence()
        self._word.from_address(address).value = value

    def fence(self):
        if self._syscall(self._number, self._GLOBAL_EXPEDITED, 0, 0) != 0:
            raise OSError("membarrier failed, and without it a lease is not safe")


def choose():
    """The first of these that works here; None without one."""
    if os.name != "posix" or platform.machine() not in MemBarrier._NUMBERS:
        return None
    try:
        import ctypes
    except ImportError:
        return None
    for kind in (LibAtomic, MemBarrier):
        try:
            return kind(ctypes)
        except (OSError, AttributeError):
            continue
    return None


ATOMICS = choose()
