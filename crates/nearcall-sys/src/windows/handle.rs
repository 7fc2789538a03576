//! Handles as the system answers them.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{DuplicateHandle, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::ntdll::{self, NtQueryObject, OBJECT_BASIC_INFORMATION};

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

/// Another handle of this process to the same thing, good for what is said. More than the handle itself is good for has to
/// be allowed by the thing's list.
pub(super) fn restricted(handle: HANDLE, access: u32) -> io::Result<OwnedHandle> {
    // SAFETY: it takes nothing, and answers a number that stands for this process.
    let this_process = unsafe { GetCurrentProcess() };
    let mut lesser = ptr::null_mut();
    // SAFETY: the handle is open, or is refused, and the pointer is to room for a handle.
    let answer = unsafe {
        DuplicateHandle(
            this_process,
            handle,
            this_process,
            &raw mut lesser,
            access,
            0,
            0,
        )
    };
    succeeded(answer)?;
    // SAFETY: the call succeeded and wrote a handle that is the caller's to close.
    unsafe { owned(lesser) }
}

/// What a handle is good for: the access rights that were granted with it.
pub(super) fn rights_of(handle: BorrowedHandle<'_>) -> io::Result<u32> {
    let mut basic = ntdll::Object::default();
    let length = u32::try_from(size_of_val(&basic)).unwrap_or(u32::MAX);
    // SAFETY: the handle is open, and the pointer is to room for as many bytes as are said.
    let status = unsafe {
        NtQueryObject(
            handle.as_raw_handle(),
            OBJECT_BASIC_INFORMATION,
            (&raw mut basic).cast(),
            length,
            ptr::null_mut(),
        )
    };
    if status < 0 {
        let status = status.cast_unsigned();
        let said = format!("NtQueryObject answers {status:#010x}");
        return Err(io::Error::other(said));
    }
    Ok(basic.rights)
}
