//! How much room this system says there is.

use std::path::Path;
use std::ptr;

use windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;
use windows_sys::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};

use super::text::wide;
use crate::room::Memory;

/// How many bytes this user may still write in a folder; none where the system cannot say. See `GetDiskFreeSpaceExW`.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let folder = wide(folder);
    let mut free = 0;
    // SAFETY: the text ends with a NUL, the first pointer is to room for a number, and the others may be null.
    let answer = unsafe {
        GetDiskFreeSpaceExW(
            folder.as_ptr(),
            &raw mut free,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    (answer != 0).then_some(free)
}

/// How much memory there is; none where the system cannot say. See `GlobalMemoryStatusEx`.
#[must_use]
pub fn memory() -> Option<Memory> {
    let mut status = MEMORYSTATUSEX {
        dwLength: u32::try_from(size_of::<MEMORYSTATUSEX>()).unwrap_or(u32::MAX),
        ..MEMORYSTATUSEX::default()
    };
    // SAFETY: the pointer is to a structure that says its own length.
    let answer = unsafe { GlobalMemoryStatusEx(&raw mut status) };
    (answer != 0).then(|| Memory {
        available: status.ullAvailPhys.min(status.ullAvailPageFile),
        total: status.ullTotalPhys,
    })
}
