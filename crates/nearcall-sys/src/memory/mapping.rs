//! A mapping of shared memory, and what may be done with it.

use std::fmt;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};

#[cfg(unix)]
use crate::unix::Pages;
#[cfg(windows)]
use crate::windows::memory::Pages;

/// Bytes of a word.
const WORD: usize = 8;

/// A shared mapping that lives as long as this does.
pub(crate) struct Mapping {
    /// **Invariant:** page-aligned, mapped by this value and by nothing else, and of an object that cannot shrink.
    pages: Pages,
}

// SAFETY: the mapping belongs to the process, not to a thread, and is accessed through atomics, plain reads, and `&mut` that
// is exclusive in the process, see `Mapping::slice_mut`.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`; concurrent stores are atomic, or to bytes that nobody else in the process has.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub(crate) fn new(pages: Pages) -> Self {
        Self { pages }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.pages.bytes
    }

    /// The address of `range`, which lies in the mapping.
    fn checked(&self, range: Range<usize>) -> NonNull<u8> {
        let Range { start, end } = range;
        assert!(
            start <= end && end <= self.bytes(),
            "expected a range within {} bytes, found {start}..{end}",
            self.bytes()
        );
        // SAFETY: `start` is at most the mapping's length, so the result is in it or one past its end.
        unsafe { self.pages.start.add(start) }
    }

    /// The word at `at`. A caller with a read-only mapping may do nothing with it but load, relaxed.
    pub(crate) fn word(&self, at: usize) -> &AtomicU64 {
        assert!(
            at.is_multiple_of(WORD),
            "expected a multiple of {WORD}, found {at}"
        );
        let word = self.checked(at..at.saturating_add(WORD));
        // SAFETY: the word is in the mapping, which outlives the borrow, and aligned, since the mapping is page-aligned;
        // every access to it from this process is atomic or under a lease.
        unsafe { AtomicU64::from_ptr(word.as_ptr().cast()) }
    }

    /// The words of `range`, which begins and ends at a multiple of eight. The same restriction as for [`Self::word`].
    pub(super) fn words(&self, range: Range<usize>) -> &[AtomicU64] {
        let Range { start, end } = range;
        assert!(
            start.is_multiple_of(WORD) && end.is_multiple_of(WORD),
            "expected multiples of {WORD}, found {start}..{end}"
        );
        let first = self.checked(start..end);
        // SAFETY: the range is in the mapping, which outlives the borrow, and aligned, since the mapping is page-aligned; an
        // atomic word has the layout of a word.
        unsafe { std::slice::from_raw_parts(first.as_ptr().cast(), (end - start) / WORD) }
    }

    /// The bytes of `range`, each an atomic of its own. The same restriction as for [`Self::word`].
    pub(super) fn cells(&self, range: Range<usize>) -> &[AtomicU8] {
        let length = range.len();
        let first = self.checked(range);
        // SAFETY: the range is in the mapping, which outlives the borrow; an atomic byte has the layout of a byte.
        unsafe { std::slice::from_raw_parts(first.as_ptr().cast(), length) }
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &[u8] {
        let length = range.len();
        let first = self.checked(range);
        // SAFETY: the range is in the mapping, which outlives the borrow and cannot shrink. That the bytes do not change
        // meanwhile is the maker's promise, see `ReadOnly::leased`.
        unsafe { std::slice::from_raw_parts(first.as_ptr(), length) }
    }

    /// The bytes of `range`, to be written.
    ///
    /// # Safety
    ///
    /// The mapping is writable, and for as long as the result lives nothing else in this process refers to any byte of
    /// the range through it, and no process writes one.
    #[expect(
        clippy::mut_from_ref,
        reason = "the caller promises that nothing else refers to the bytes"
    )]
    pub(super) unsafe fn slice_mut(&self, range: Range<usize>) -> &mut [u8] {
        let length = range.len();
        let first = self.checked(range);
        // SAFETY: the range is in the mapping, which outlives the borrow and cannot shrink; the rest is the caller's
        // promise.
        unsafe { std::slice::from_raw_parts_mut(first.as_ptr(), length) }
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

/// Memory that a peer writes whenever it likes, and that this process reads by copies only.
#[derive(Debug)]
pub struct Copied(Mapping);

impl Copied {
    pub(crate) fn new(mapping: Mapping) -> Self {
        Self(mapping)
    }

    /// Its length in bytes; never zero.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "memory of no bytes is never mapped"
    )]
    pub fn len(&self) -> usize {
        self.0.bytes()
    }

    /// Copies bytes out, however they may be changing; nothing is promised on what a copy of changing bytes holds.
    ///
    /// # Panics
    ///
    /// The memory ends before the copy does.
    pub fn read(&self, at: usize, into: &mut [u8]) {
        super::copy::read(&self.0, at, into);
    }
}

/// Memory that this process may read and another writes.
///
/// Offsets are in bytes. One that is out of range, or not a multiple of eight where a word is meant, is a mistake in
/// the caller and panics: offsets come from what the caller has checked, never from the memory itself.
#[derive(Debug)]
pub struct ReadOnly(Mapping);

impl ReadOnly {
    pub(crate) fn new(mapping: Mapping) -> Self {
        Self(mapping)
    }

    pub(crate) fn mapping(&self) -> &Mapping {
        &self.0
    }

    /// Its length in bytes; never zero.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "memory of no bytes is never mapped"
    )]
    pub fn len(&self) -> usize {
        self.0.bytes()
    }

    /// Loads the word at `at`; what is loaded after is not older than it (acquire).
    ///
    /// # Panics
    ///
    /// There is no word at `at`.
    #[must_use]
    pub fn load(&self, at: usize) -> u64 {
        // On read-only pages only relaxed loads are promised to write nothing (`std::sync::atomic`, "Atomic accesses to
        // read-only memory"), hence the fence.
        let value = self.0.word(at).load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        value
    }

    /// Copies bytes out, however they may be changing; nothing is promised on what a copy of changing bytes holds.
    ///
    /// # Panics
    ///
    /// The memory ends before the copy does.
    pub fn read(&self, at: usize, into: &mut [u8]) {
        super::copy::read(&self.0, at, into);
    }

    /// Bytes that the maker of the region leaves unchanged while the caller holds a lease on them.
    ///
    /// The lease is a protocol between the processes, which the type cannot see: take one first, and drop this borrow
    /// before the lease. A maker that breaks its side shows bytes that change, and the reader trusts it not to (it runs
    /// the service that the reader calls). For memory whose writer is not trusted, use [`Self::read`].
    ///
    /// # Panics
    ///
    /// The range is not within the memory.
    #[must_use]
    pub fn leased(&self, range: Range<usize>) -> &[u8] {
        self.0.slice(range)
    }
}
