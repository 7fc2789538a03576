//! Handles as the system answers them.

use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};

/// Owns a handle that a call just answered, or says why it answered none.
///
/// # Safety
///
/// The call makes a handle that is the caller's to close, or answers null or `INVALID_HANDLE_VALUE`; and it is called
/// right before.
pub(super) unsafe fn owned(answer: HANDLE) -> io::Result<OwnedHandle> {
    if answer.is_null() || answer == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is a handle, and by what the caller promises nobody else closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(answer) })
}

/// Zero says that a call failed, and the thread's last error why.
pub(super) fn succeeded(answer: i32) -> io::Result<()> {
    if answer == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
