//! Memory of one process: for tests, for readers that a server holds frames for, and where nothing can be shared.

use std::fmt;
use std::ops::{Deref, DerefMut, Range};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Lending, Memory, Source, Words};
use crate::layout::page;
use crate::sync::{AtomicU64, Ordering};

const WORD: usize = 8;

/// Memory of this process alone. A lease on it holds a copy, and so does who is lent a part of it.
pub struct Heap {
    cells: Arc<Cells>,
    /// Held while waiters are woken, so that one that is about to sleep is not missed.
    changes: Mutex<()>,
    changed: Condvar,
}

impl Heap {
    /// `bytes` bytes, rounded up to whole words, all zero.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let words = (0..bytes.div_ceil(WORD)).map(|_| AtomicU64::new(0));
        Self {
            cells: Arc::new(Cells {
                words: words.collect(),
                lent: Mutex::default(),
            }),
            changes: Mutex::new(()),
            changed: Condvar::new(),
        }
    }

    /// A return page.
    #[must_use]
    pub fn return_page() -> Self {
        Self::new(page::BYTES)
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        self.cells.word(at)
    }
}

/// The words, for as long as one of them is lent.
struct Cells {
    words: Box<[AtomicU64]>,
    lent: Mutex<Vec<Range<usize>>>,
}

impl Cells {
    #[expect(
        clippy::indexing_slicing,
        reason = "as the trait says, an offset out of range is the caller's mistake"
    )]
    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(
            at.is_multiple_of(WORD),
            "expected a multiple of {WORD}, found {at}"
        );
        &self.words[at / WORD]
    }

    fn read(&self, at: usize, into: &mut [u8]) {
        for (part, offset) in parts(at, into.len()) {
            let word = self.word(offset).load(Ordering::Relaxed).to_le_bytes();
            let start = at.saturating_add(part.start).saturating_sub(offset);
            let from = word.get(start..start.saturating_add(part.len()));
            if let (Some(into), Some(from)) = (into.get_mut(part), from) {
                into.copy_from_slice(from);
            }
        }
    }

    fn write(&self, at: usize, from: &[u8]) {
        for (part, offset) in parts(at, from.len()) {
            let word = self.word(offset);
            let mut bytes = word.load(Ordering::Relaxed).to_le_bytes();
            let start = at.saturating_add(part.start).saturating_sub(offset);
            let into = bytes.get_mut(start..start.saturating_add(part.len()));
            if let (Some(into), Some(from)) = (into, from.get(part)) {
                into.copy_from_slice(from);
            }
            word.store(u64::from_le_bytes(bytes), Ordering::Relaxed);
        }
    }

    fn lent(&self) -> MutexGuard<'_, Vec<Range<usize>>> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy of bytes that were lent, which is written back when this is dropped.
pub struct Lent {
    cells: Arc<Cells>,
    range: Range<usize>,
    bytes: Vec<u8>,
}

impl Deref for Lent {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.cells.write(self.range.start, &self.bytes);
        let mut lent = self.cells.lent();
        lent.retain(|one| *one != self.range);
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent")
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

impl Words for Heap {
    fn length(&self) -> usize {
        self.cells.words.len().saturating_mul(WORD)
    }

    fn load(&self, at: usize) -> u64 {
        self.word(at).load(Ordering::Acquire)
    }

    fn read(&self, at: usize, into: &mut [u8]) {
        self.cells.read(at, into);
    }

    fn wait(&self, at: usize, seen: u32, most: Duration) {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        // Its low half, as for a futex.
        let unchanged = |_: &mut ()| self.load(at) & u64::from(u32::MAX) == u64::from(seen);
        drop(self.changed.wait_timeout_while(changes, most, unchanged));
    }
}

impl Lending for Heap {
    type Lent = Lent;

    fn lend(&self, range: Range<usize>) -> Option<Lent> {
        let mut lent = self.cells.lent();
        let overlaps = |one: &Range<usize>| one.start < range.end && range.start < one.end;
        if lent.iter().any(overlaps) {
            return None;
        }
        lent.push(range.clone());
        drop(lent);
        let bytes = self.hold(range.clone());
        Some(Lent {
            cells: Arc::clone(&self.cells),
            range,
            bytes,
        })
    }
}

impl Memory for Heap {
    fn store(&self, at: usize, value: u64) {
        self.word(at).store(value, Ordering::Release);
    }

    fn write(&self, at: usize, from: &[u8]) {
        self.cells.write(at, from);
    }

    fn wake(&self, _at: usize) {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed.notify_all();
        drop(changes);
    }
}

impl Source for Heap {
    type Held = Vec<u8>;

    fn hold(&self, range: Range<usize>) -> Vec<u8> {
        let mut bytes = vec![0; range.len()];
        self.read(range.start, &mut bytes);
        bytes
    }

    fn held<'a>(&'a self, held: &'a Vec<u8>) -> &'a [u8] {
        held
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap")
            .field("bytes", &self.length())
            .finish_non_exhaustive()
    }
}

/// The parts of a range of bytes that lie in one word each, and where that word is.
fn parts(at: usize, length: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
    let mut done = 0_usize;
    std::iter::from_fn(move || {
        let from = at.saturating_add(done);
        let within = from % WORD;
        let bytes = WORD.saturating_sub(within).min(length.saturating_sub(done));
        let part = done..done.saturating_add(bytes);
        done = part.end;
        (bytes > 0).then_some((part, from.saturating_sub(within)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_exact_at_every_alignment() {
        let pattern: Vec<u8> = (1..=30).collect();
        for at in 0..10 {
            for length in 0..pattern.len() {
                let heap = Heap::new(48);
                heap.write(at, &pattern[..length]);
                let all = heap.hold(0..48);
                assert_eq!(all[at..at + length], pattern[..length]);
                assert!(
                    all[..at]
                        .iter()
                        .chain(&all[at + length..])
                        .all(|byte| *byte == 0)
                );
                let mut part = vec![0; length];
                heap.read(at, &mut part);
                assert_eq!(part, pattern[..length]);
            }
        }
    }
}
