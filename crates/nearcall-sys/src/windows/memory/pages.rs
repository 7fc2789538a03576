//! Pages that are mapped.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::ptr::NonNull;

use windows_sys::Win32::System::Memory::{
    FILE_MAP_READ, FILE_MAP_WRITE, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, UnmapViewOfFile,
};

use crate::memory::Access;

/// A view of a section, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Pages {
    /// The first byte; at a multiple of 64 KiB.
    pub(crate) start: NonNull<u8>,
    /// **Invariant:** the range of `bytes` bytes from `start` on is mapped by this value and by nothing else, and is
    /// committed memory of a section that the paging file stands behind, which nobody can make smaller.
    pub(crate) bytes: usize,
}

impl Pages {
    /// Maps a section from its beginning. Its size and kind are the caller's to know.
    pub(super) fn map(
        section: BorrowedHandle<'_>,
        bytes: usize,
        access: Access,
    ) -> io::Result<Self> {
        let wanted = match access {
            Access::Read => FILE_MAP_READ,
            Access::Write => FILE_MAP_READ | FILE_MAP_WRITE,
        };
        // SAFETY: the handle is open, and the system chooses the address, so that no memory in use is mapped over.
        let view = unsafe { MapViewOfFile(section.as_raw_handle(), wanted, 0, 0, bytes) };
        let start = NonNull::new(view.Value.cast()).ok_or_else(io::Error::last_os_error)?;
        Ok(Self { start, bytes })
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS {
            Value: self.start.as_ptr().cast(),
        };
        // SAFETY: the view is this value's, and no borrow of it outlives it. An error would mean that it is not mapped,
        // which the invariant excludes.
        let _ = unsafe { UnmapViewOfFile(view) };
    }
}
