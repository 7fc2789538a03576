package frames

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	regionSeals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | 0x10 // F_SEAL_FUTURE_WRITE
	pageSeals   = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW
)

// memory is a mapping; it is unmapped when the last that holds it lets go of it.
type memory struct {
	bytes   []byte
	holders atomic.Int64
	// ends is done with the last holder, after unmapping.
	ends func()
}

// openRegion maps a channel's region for reading: sealed, of the granted size, and nothing but memory.
func openRegion(descriptor int, length uint64) (*memory, error) {
	if err := check(descriptor, length, regionSeals); err != nil {
		return nil, err
	}
	return mapFile(descriptor, length, unix.PROT_READ)
}

// openReturnPage maps the return page that a server made for this reader, for writing.
func openReturnPage(descriptor int) (*memory, error) {
	if err := check(descriptor, pageBytes, pageSeals); err != nil {
		return nil, err
	}
	return mapFile(descriptor, pageBytes, unix.PROT_READ|unix.PROT_WRITE)
}

func check(descriptor int, length uint64, wanted int) error {
	seals, err := unix.FcntlInt(uintptr(descriptor), unix.F_GET_SEALS, 0)
	if err != nil {
		return refuse("memory", "expected sealed memory, found something else: %v", err)
	}
	if seals&wanted != wanted {
		return refuse("memory", "expected the seals %#x, found %#x: it could shrink or change hands", wanted, seals)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(descriptor, &stat); err != nil || uint64(stat.Size) != length {
		return refuse("size", "expected memory of %d bytes, found %d (%v)", length, stat.Size, err)
	}
	var system unix.Statfs_t
	if err := unix.Fstatfs(descriptor, &system); err != nil || system.Type != unix.TMPFS_MAGIC {
		return refuse("memory", "expected memory of tmpfs, found a file system of type %#x (%v)", system.Type, err)
	}
	return nil
}

func mapFile(descriptor int, length uint64, access int) (*memory, error) {
	bytes, err := unix.Mmap(descriptor, 0, int(length), access, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	// Children and dumps do not get it; where the kernel cannot, nothing is lost.
	_ = unix.Madvise(bytes, unix.MADV_DONTFORK)
	_ = unix.Madvise(bytes, unix.MADV_DONTDUMP)
	found := &memory{bytes: bytes}
	found.holders.Store(1)
	return found, nil
}

func (memory *memory) hold() { memory.holders.Add(1) }

func (memory *memory) letGo() {
	if memory.holders.Add(-1) == 0 {
		_ = unix.Munmap(memory.bytes)
		if memory.ends != nil {
			memory.ends()
		}
	}
}

// word is eight bytes that another process loads and stores whole. Go's atomic operations are sequentially consistent, so
// a store and the load after it need no fence between them: that is the fence of docs/frames.md.
func (memory *memory) word(at uint64) *atomic.Uint64 {
	_ = memory.bytes[at+7]
	return (*atomic.Uint64)(unsafe.Pointer(&memory.bytes[at]))
}
