//! Pages that are mapped.

use std::os::fd::BorrowedFd;
use std::ptr::{NonNull, null_mut};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

use crate::memory::Access;

/// What `mmap(2)` gave, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Pages {
    /// The first byte; page-aligned.
    pub(crate) start: NonNull<u8>,
    /// **Invariant:** the range of `bytes` bytes from `start` on is mapped by this value and by nothing else, and the
    /// object behind it is sealed against shrinking, or owned by this process.
    pub(crate) bytes: usize,
}

impl Pages {
    pub(super) fn map(
        descriptor: BorrowedFd<'_>,
        bytes: usize,
        access: Access,
    ) -> Result<Self, Errno> {
        let protection = match access {
            Access::Read => ProtFlags::READ,
            Access::Write => ProtFlags::READ | ProtFlags::WRITE,
        };
        // SAFETY: the kernel chooses the address, so no memory that is in use is mapped over.
        let start = unsafe {
            mmap(
                null_mut(),
                bytes,
                protection,
                MapFlags::SHARED,
                descriptor,
                0,
            )
        }?;
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { start, bytes })
    }

    /// Keeps the pages out of children that fork without exec, and out of core dumps.
    pub(super) fn keep_private(&self) -> Result<(), Errno> {
        for advice in [Advice::LinuxDontFork, Advice::LinuxDontDump] {
            // SAFETY: the range is this value's, and neither advice changes what it holds.
            unsafe { madvise(self.start.as_ptr().cast(), self.bytes, advice) }?;
        }
        Ok(())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the range is this value's, and no borrow of it outlives it. An error would mean that the range is
        // not mapped, which the invariant excludes.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}
