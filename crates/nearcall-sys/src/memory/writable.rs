//! Memory that this process writes, and the parts of it that are lent.

use std::ops::{Deref, DerefMut, Range};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::mapping::Mapping;

/// Memory that this process may write, alone.
///
/// What [`ReadOnly`](super::ReadOnly) says on offsets holds here too.
#[derive(Debug)]
pub struct Writable {
    shared: Arc<Shared>,
    /// **Invariant:** words and copies lie below, what is lent lies at or above. It never grows.
    lends_from: usize,
    /// Made by this process, which has the one mapping that can write.
    is_region: bool,
}

/// What lives as long as anything of the memory is lent.
#[derive(Debug)]
struct Shared {
    mapping: Mapping,
    /// **Invariant:** the ranges of all [`Lent`] that live, of which no two overlap.
    lent: Mutex<Vec<Range<usize>>>,
}

impl Writable {
    /// A region that this process made, and that nobody else can write.
    pub(crate) fn region(mapping: Mapping) -> Self {
        Self {
            is_region: true,
            ..Self::given(mapping)
        }
    }

    /// What a server made and gave to this process.
    pub(crate) fn given(mapping: Mapping) -> Self {
        Self {
            lends_from: mapping.bytes(),
            shared: Arc::new(Shared {
                mapping,
                lent: Mutex::default(),
            }),
            is_region: false,
        }
    }

    /// Its length in bytes; never zero.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "memory of no bytes is never mapped"
    )]
    pub fn len(&self) -> usize {
        self.shared.mapping.bytes()
    }

    /// Sets the bytes from `at` on apart, to be [lent](Self::lend) and not accessed in any other way. Without this, and
    /// below `at`, there are words and copies.
    ///
    /// # Panics
    ///
    /// The memory is no region that this process made: its maker could write it.
    pub fn set_apart(&mut self, at: usize) {
        assert!(self.is_region, "expected a region made by this process");
        self.lends_from = self.lends_from.min(at);
    }

    /// Lends bytes out: until the result is dropped, they are its holder's alone in this process. None where some of them
    /// are lent already.
    ///
    /// Readers in other processes, and those that map the region for themselves, are kept off by the protocol that
    /// [`ReadOnly::leased`](super::ReadOnly::leased) asks for: what is lent is under no lease.
    ///
    /// # Panics
    ///
    /// The range is not within the bytes that were [set apart](Self::set_apart).
    #[must_use]
    pub fn lend(&self, range: Range<usize>) -> Option<Lent> {
        assert!(
            self.lends_from <= range.start && range.start <= range.end && range.end <= self.len(),
            "expected a range within {}..{}, found {range:?}",
            self.lends_from,
            self.len()
        );
        let mut lent = self.shared.lent();
        let overlaps = |one: &Range<usize>| one.start < range.end && range.start < one.end;
        if lent.iter().any(overlaps) {
            return None;
        }
        lent.push(range.clone());
        drop(lent);
        Some(Lent {
            shared: Arc::clone(&self.shared),
            range,
        })
    }

    /// Loads the word at `at`; what is loaded after is not older than it (acquire).
    ///
    /// # Panics
    ///
    /// There is no word at `at`.
    #[must_use]
    pub fn load(&self, at: usize) -> u64 {
        self.mapping(at, size_of::<u64>())
            .word(at)
            .load(Ordering::Acquire)
    }

    /// Stores a word at `at`; who loads it sees what was stored before it (release).
    ///
    /// # Panics
    ///
    /// There is no word at `at`.
    pub fn store(&self, at: usize, value: u64) {
        self.mapping(at, size_of::<u64>())
            .word(at)
            .store(value, Ordering::Release);
    }

    /// Copies bytes out.
    ///
    /// # Panics
    ///
    /// The memory ends before the copy does.
    pub fn read(&self, at: usize, into: &mut [u8]) {
        super::copy::read(self.mapping(at, into.len()), at, into);
    }

    /// Copies bytes in.
    ///
    /// # Panics
    ///
    /// The memory ends before the copy does.
    pub fn write(&self, at: usize, from: &[u8]) {
        super::copy::write(self.mapping(at, from.len()), at, from);
    }

    /// The mapping, to access `length` bytes of it that are never lent.
    pub(crate) fn mapping(&self, at: usize, length: usize) -> &Mapping {
        let end = at.saturating_add(length);
        assert!(
            end <= self.lends_from,
            "expected a range within {} bytes, found {at}..{end}",
            self.lends_from
        );
        &self.shared.mapping
    }
}

impl Shared {
    fn lent(&self) -> std::sync::MutexGuard<'_, Vec<Range<usize>>> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of a region, lent to be written in place. They go back when this is dropped.
///
/// What an earlier holder left in them is still there.
#[derive(Debug)]
pub struct Lent {
    shared: Arc<Shared>,
    range: Range<usize>,
}

impl Deref for Lent {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.shared.mapping.slice(self.range.clone())
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY:
        // - The mapping is writable: only a region that this process made is lent from, and it is mapped so.
        // - Nothing else in this process refers to these bytes through the mapping: words and copies lie below what was
        //   set apart, another `Lent` has other bytes by the invariant of `Shared::lent`, and this one is borrowed as `&mut`.
        // - No process writes them: this mapping is the only one that ever can. On Linux the region is sealed with
        //   F_SEAL_FUTURE_WRITE, and this was made before; on Windows and macOS the one handle or descriptor that was
        //   good for writing is closed, and nobody gets another: the list of the section lets nobody, and the object has
        //   no name any more. Others may read at any time, also without a lease; what they see then is mixed
        //   bytes and theirs to bear, and no read of theirs changes what is read or written here.
        // - This process's own readers refer to the region's pages by other, read-only mappings (`ReadOnly`), and to a
        //   slot only under a lease. Slots that are pinned are not loaned, nor do slots that are loaned have a stamp that
        //   a lease could be taken by; so no `&[u8]` to these bytes lives beside this.
        unsafe { self.shared.mapping.slice_mut(self.range.clone()) }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut lent = self.shared.lent();
        lent.retain(|one| *one != self.range);
    }
}
