//! Passing a handle to a child.

use std::os::windows::io::{AsRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE_FLAG_INHERIT, SetHandleInformation};

/// This process's copy of a handle that a command passes on.
///
/// Drop it once the child is spawned: as long as it lives, the other end does not notice that the child has gone, and
/// every other child that is spawned meanwhile has it too.
#[derive(Debug)]
pub struct Passed(OwnedHandle);

impl Passed {
    /// Under which number the child has it.
    #[must_use]
    pub fn number(&self) -> u32 {
        // Handles have 32 bits that count, see "Interprocess Communication Between 32-bit and 64-bit Applications".
        u32::try_from(self.0.as_raw_handle() as usize).unwrap_or(0)
    }
}

/// Has the children that are spawned from now on inherit a handle, under the number it has here. Where the system refuses,
/// the child finds no such handle and says so.
#[must_use = "the handle is passed for as long as this lives"]
pub fn pass_handle(handle: OwnedHandle) -> Passed {
    let flag = HANDLE_FLAG_INHERIT;
    // SAFETY: it is an open handle, of which one flag is set.
    let _refused = unsafe { SetHandleInformation(handle.as_raw_handle(), flag, flag) };
    Passed(handle)
}
