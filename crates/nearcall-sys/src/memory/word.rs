//! Waiting for a word of shared memory to change, where the system has nothing that waits for it: on Windows
//! `WaitOnAddress` reaches nobody in another process, and macOS has `os_sync_wait_on_address` since 14.4 alone. So who waits
//! here looks again and again; readers sleep by events, or by their sockets, instead.

use std::thread;
use std::time::{Duration, Instant};

use super::Woken;
use super::mapping::{Mapping, ReadOnly};
use super::writable::Writable;

/// Limit: how long a wait for a word goes without looking at it. The system's clock may make it longer.
const LOOK_PAUSE: Duration = Duration::from_millis(1);

/// How often a wait looks before it pauses at all.
const LOOKS_AT_ONCE: u32 = 64;

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

    /// Wakes all who wait for the word at `at`: they look by themselves, and so nothing is to be done.
    ///
    /// # Panics
    ///
    /// There is no word at `at`.
    pub fn wake(&self, at: usize) {
        let _ = self.mapping(at, size_of::<u64>()).word(at);
    }
}

fn wait_on(mapping: &Mapping, at: usize, seen: u32, most: Duration) -> Woken {
    let word = mapping.word(at);
    let since = Instant::now();
    let mut looks = 0_u32;
    loop {
        // Relaxed, as every load through a mapping that may be read-only; the caller looks again.
        if word.load(std::sync::atomic::Ordering::Relaxed) as u32 != seen {
            return Woken::Perhaps;
        }
        let left = most.saturating_sub(since.elapsed());
        if left.is_zero() {
            return Woken::TimedOut;
        }
        looks = looks.saturating_add(1);
        if looks < LOOKS_AT_ONCE {
            thread::yield_now();
        } else {
            thread::sleep(left.min(LOOK_PAUSE));
        }
    }
}
