//! Waiting for a word of shared memory to change, and waking who waits, see `futex(2)`.
//!
//! A futex is only a hint: who waits looks at the memory again, whatever woke it, and always waits within a bound,
//! because whoever maps the word can wake, or fail to.

use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use rustix::io::Errno;
use rustix::thread::futex::{Flags, Timespec, wait, wake};

use crate::memory::Woken;
use crate::memory::mapping::{Mapping, ReadOnly};
use crate::memory::writable::Writable;

impl ReadOnly {
    /// Waits until the low half of the word at `at` is no longer `seen`, for at most `most`.
    ///
    /// # Panics
    ///
    /// There is no word at `at`.
    #[must_use]
    pub fn wait(&self, at: usize, seen: u32, most: Duration) -> Woken {
        wait_on(self.mapping(), at, seen, most)
    }
}

impl Writable {
    /// Waits until the low half of the word at `at` is no longer `seen`, for at most `most`.
    ///
    /// # Panics
    ///
    /// There is no word at `at`.
    #[must_use]
    pub fn wait(&self, at: usize, seen: u32, most: Duration) -> Woken {
        wait_on(self.mapping(at, size_of::<u64>()), at, seen, most)
    }

    /// Wakes all who wait for the word at `at`, in any process.
    ///
    /// # Panics
    ///
    /// There is no word at `at`.
    pub fn wake(&self, at: usize) {
        // A failure would mean that the address is bad, which it is not: it was just checked.
        let word = low_half(self.mapping(at, size_of::<u64>()), at);
        let _ = wake(word, Flags::empty(), i32::MAX as u32);
    }
}

fn wait_on(mapping: &Mapping, at: usize, seen: u32, most: Duration) -> Woken {
    // Not private: the waker is another process.
    let timeout = Timespec::try_from(most).ok();
    match wait(
        low_half(mapping, at),
        Flags::empty(),
        seen,
        timeout.as_ref(),
    ) {
        Err(Errno::TIMEDOUT) => Woken::TimedOut,
        _ => Woken::Perhaps,
    }
}

/// The low half of the word at `at`, for the kernel to wait on.
fn low_half(mapping: &Mapping, at: usize) -> &AtomicU32 {
    let word = NonNull::from(mapping.word(at));
    // SAFETY: the first four bytes of a word that is there, aligned for eight; the 64-bit targets that frames run
    // on are little-endian, so these are the low half.
    unsafe { AtomicU32::from_ptr(word.as_ptr().cast()) }
}
