//! Memory that frames stand in: shared between processes, within one, or a model's.
//!
//! The algorithm of publishing and leasing is written once, over these traits. Offsets that reach them come from a
//! checked [`Geometry`](crate::Geometry), so an implementation may panic on one that is out of range.

mod heap;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod shared;

use std::fmt::Debug;
use std::ops::{DerefMut, Range};
use std::sync::Arc;
use std::time::Duration;

use crate::sync::{Ordering, fence};

pub use heap::Heap;

/// Memory that can be read while another writes it.
pub trait Words: Debug + Send + Sync {
    /// Its length in bytes.
    fn length(&self) -> usize;

    /// Loads the word at `at`; what is loaded after is not older than it (acquire).
    fn load(&self, at: usize) -> u64;

    /// Copies bytes out, mixed where they are being written.
    fn read(&self, at: usize, into: &mut [u8]);

    /// Waits until the low half of the word at `at` is no longer `seen`, for at most `most`; may return earlier.
    fn wait(&self, at: usize, seen: u32, most: Duration);

    /// Orders all that this thread stored before against all that it loads after (sequentially consistent).
    ///
    /// Publishing and leasing are right because of this alone. A model overrides it to show that they are wrong without.
    fn fence(&self) {
        fence(Ordering::SeqCst);
    }
}

/// Memory that can be written, by this writer alone.
pub trait Memory: Words {
    /// Stores a word at `at`; who loads it sees what was stored before it (release).
    fn store(&self, at: usize, value: u64);

    /// Copies bytes in.
    fn write(&self, at: usize, from: &[u8]);

    /// Wakes all who wait for the word at `at`.
    fn wake(&self, at: usize);
}

/// Memory whose parts are lent, to be written in place: what a [`Writer`](crate::Writer) writes.
pub trait Lending: Memory {
    /// Bytes that are lent. They are in the memory when it is dropped, or already while they are written.
    type Lent: DerefMut<Target = [u8]> + Debug + Send + Sync;

    /// Sets the bytes from `at` on apart, to be lent and not written in any other way. Where the memory needs no such
    /// promise, nothing.
    fn set_apart(&mut self, _at: usize) {}

    /// Lends bytes to be written, which nobody else of this process accesses until the result is dropped. None where some
    /// of them are lent already.
    ///
    /// They were set apart before.
    fn lend(&self, range: Range<usize>) -> Option<Self::Lent>;
}

/// Memory whose bytes can be looked at under a lease.
pub trait Source: Words {
    /// What a lease keeps so as to show its bytes: where they are, or a copy.
    type Held: Debug + Send + Sync;

    /// Takes hold of bytes that do not change for as long as the result is used.
    fn hold(&self, range: Range<usize>) -> Self::Held;

    /// The bytes that are held.
    fn held<'a>(&'a self, held: &'a Self::Held) -> &'a [u8];
}

impl<T: Words + ?Sized> Words for Arc<T> {
    fn length(&self) -> usize {
        (**self).length()
    }

    fn load(&self, at: usize) -> u64 {
        (**self).load(at)
    }

    fn read(&self, at: usize, into: &mut [u8]) {
        (**self).read(at, into);
    }

    fn wait(&self, at: usize, seen: u32, most: Duration) {
        (**self).wait(at, seen, most);
    }

    fn fence(&self) {
        (**self).fence();
    }
}

impl<T: Memory + ?Sized> Memory for Arc<T> {
    fn store(&self, at: usize, value: u64) {
        (**self).store(at, value);
    }

    fn write(&self, at: usize, from: &[u8]) {
        (**self).write(at, from);
    }

    fn wake(&self, at: usize) {
        (**self).wake(at);
    }
}

impl<T: Lending + ?Sized> Lending for Arc<T> {
    type Lent = T::Lent;

    /// Of memory that has other owners, who could access it, nothing is set apart.
    fn set_apart(&mut self, at: usize) {
        if let Some(memory) = Self::get_mut(self) {
            memory.set_apart(at);
        }
    }

    fn lend(&self, range: Range<usize>) -> Option<T::Lent> {
        (**self).lend(range)
    }
}

impl<T: Source + ?Sized> Source for Arc<T> {
    type Held = T::Held;

    fn hold(&self, range: Range<usize>) -> Self::Held {
        (**self).hold(range)
    }

    fn held<'a>(&'a self, held: &'a Self::Held) -> &'a [u8] {
        (**self).held(held)
    }
}
