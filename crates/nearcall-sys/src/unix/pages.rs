//! Pages that are mapped.

use std::os::fd::BorrowedFd;
use std::ptr::{NonNull, null_mut};

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::memory::Access;

/// What `mmap(2)` gave, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Pages {
    /// The first byte; page-aligned.
    pub(crate) start: NonNull<u8>,
    /// **Invariant:** the range of `bytes` bytes from `start` on is mapped by this value and by nothing else, and the
    /// object behind it cannot shrink.
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

    /// Keeps the pages out of children that fork without exec, and out of core dumps. See `MADV_DONTFORK` and
    /// `MADV_DONTDUMP` in `madvise(2)`.
    #[cfg(target_os = "linux")]
    pub(super) fn keep_private(&self) -> Result<(), Errno> {
        use rustix::mm::{Advice, madvise};
        for advice in [Advice::LinuxDontFork, Advice::LinuxDontDump] {
            // SAFETY: the range is this value's, and neither advice changes what it holds.
            unsafe { madvise(self.start.as_ptr().cast(), self.bytes, advice) }?;
        }
        Ok(())
    }

    /// Keeps the pages out of children that fork without exec. See `VM_INHERIT_NONE` in `minherit(2)`; nothing keeps
    /// them out of core dumps.
    #[cfg(target_os = "macos")]
    pub(super) fn keep_private(&self) -> Result<(), Errno> {
        let start = self.start.as_ptr().cast();
        // SAFETY: the range is this value's, and what children inherit changes nothing in this process.
        if unsafe { libc::minherit(start, self.bytes, libc::VM_INHERIT_NONE) } != 0 {
            return Err(
                Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
            );
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
