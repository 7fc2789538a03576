//! Text as the system takes and gives it: UTF-16 with a NUL at its end.

use std::ffi::OsStr;
use std::os::windows::ffi::OsStrExt;

use windows_sys::Win32::Foundation::LocalFree;

/// The text with a NUL at its end.
pub(super) fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// Something that the system allocated with `LocalAlloc` and that is freed when this is dropped.
#[derive(Debug)]
pub(super) struct LocalMemory(pub(super) *mut core::ffi::c_void);

impl Drop for LocalMemory {
    fn drop(&mut self) {
        // SAFETY: whoever made this got the pointer from a function whose result is to be freed by `LocalFree`, and kept
        // no copy of it beyond this.
        unsafe { LocalFree(self.0) };
    }
}

/// Copies a text up to its NUL.
///
/// # Safety
///
/// It points to UTF-16 that has a NUL at its end.
pub(super) unsafe fn copied(text: *const u16) -> String {
    let mut units = Vec::new();
    for at in 0.. {
        // SAFETY: no NUL came before this unit, so it is within the text or is its end.
        let place = unsafe { text.add(at) };
        // SAFETY: as above, and units of UTF-16 are aligned.
        match unsafe { place.read() } {
            0 => break,
            unit => units.push(unit),
        }
    }
    String::from_utf16_lossy(&units)
}
