//! Passing a descriptor to a child.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::io::{Errno, FdFlags, fcntl_getfd, fcntl_setfd};

/// What [`Passed`] leaves behind for a command that is spawned after it is gone.
const CLOSED: RawFd = -1;

/// This process's copy of a descriptor that a command passes on.
///
/// Drop it once the child is spawned: as long as it lives, the other end does not notice that the child has gone. A
/// command that is spawned afterwards fails, and passes on nothing.
#[derive(Debug)]
pub struct Passed {
    descriptor: OwnedFd,
    // The number of `descriptor` for as long as that is open.
    number: Arc<AtomicI32>,
}

impl Passed {
    /// Under which number the child has it.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.descriptor.as_raw_fd().unsigned_abs()
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        self.number.store(CLOSED, Ordering::Release);
    }
}

/// Has the command pass a descriptor to its child, under the number it has here.
///
/// Keeping the number is what makes this safe: another one could be in use in the child, by the pipe on which the
/// standard library hears of a failed `exec`.
#[must_use = "the descriptor is passed for as long as this lives"]
pub fn pass_descriptor(command: &mut Command, descriptor: OwnedFd) -> Passed {
    let number = Arc::new(AtomicI32::new(descriptor.as_raw_fd()));
    let passed = Passed {
        descriptor,
        number: Arc::clone(&number),
    };
    let keep_across_exec = move || {
        let raw = number.load(Ordering::Acquire);
        if raw == CLOSED {
            return Err(Errno::BADF.into());
        }
        // SAFETY: `raw` is not -1, and it was open when the process forked or the flags below answer EBADF.
        let descriptor = unsafe { BorrowedFd::borrow_raw(raw) };
        let flags = fcntl_getfd(descriptor)?;
        Ok(fcntl_setfd(descriptor, flags - FdFlags::CLOEXEC)?)
    };
    // SAFETY: between fork and exec the closure reads an atomic and makes two system calls, fcntl, and neither
    // allocates nor locks: an error of a bare number is no allocation.
    unsafe { command.pre_exec(keep_across_exec) };
    passed
}
