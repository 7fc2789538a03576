//! What stands for memory and is passed on: a descriptor, or on Windows a handle.

#[cfg(target_os = "linux")]
use std::os::fd::{AsFd as _, BorrowedFd as BorrowedPassed};
#[cfg(windows)]
use std::os::windows::io::{AsHandle as _, BorrowedHandle as BorrowedPassed};

#[cfg(target_os = "linux")]
pub(crate) use std::os::fd::OwnedFd as Passed;
#[cfg(windows)]
pub(crate) use std::os::windows::io::OwnedHandle as Passed;

/// To look at it.
pub(crate) fn borrowed(passed: &Passed) -> BorrowedPassed<'_> {
    #[cfg(target_os = "linux")]
    return passed.as_fd();
    #[cfg(windows)]
    return passed.as_handle();
}
