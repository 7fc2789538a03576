//! Memory on which a process dies at a numbered step: each access to what is shared is one, so that there is no state
//! that others can see and no step leads to.

use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nearcall_frames::memory::{Lending, Memory, Source, Words};

/// Counts down to the end.
#[derive(Debug, Clone)]
pub(crate) struct Fate(Arc<AtomicU64>);

impl Fate {
    /// Dies at step `at`, counted from 1.
    pub(crate) fn new(at: u64) -> Self {
        Self(Arc::new(AtomicU64::new(at)))
    }

    fn step(&self) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            nearcall_sys::process::kill(std::process::id()).unwrap();
            unreachable!("it was killed");
        }
    }
}

#[derive(Debug)]
pub(crate) struct Dying<M> {
    memory: M,
    fate: Fate,
}

impl<M> Dying<M> {
    pub(crate) fn new(memory: M, fate: &Fate) -> Self {
        Self {
            memory,
            fate: fate.clone(),
        }
    }

    fn stepped(&self) -> &M {
        self.fate.step();
        &self.memory
    }
}

impl<M: Words> Words for Dying<M> {
    fn length(&self) -> usize {
        self.memory.length()
    }

    fn load(&self, at: usize) -> u64 {
        self.stepped().load(at)
    }

    fn read(&self, at: usize, into: &mut [u8]) {
        self.stepped().read(at, into);
    }

    fn wait(&self, at: usize, seen: u32, most: Duration) {
        self.stepped().wait(at, seen, most);
    }

    fn fence(&self) {
        self.stepped().fence();
    }
}

impl<M: Memory> Memory for Dying<M> {
    fn store(&self, at: usize, value: u64) {
        self.stepped().store(at, value);
    }

    fn write(&self, at: usize, from: &[u8]) {
        // Half of it, and then the rest: a writer can die within a frame.
        let (one, other) = from.split_at(from.len() / 2);
        self.stepped().write(at, one);
        self.stepped().write(at + one.len(), other);
    }

    fn wake(&self, at: usize) {
        self.stepped().wake(at);
    }
}

impl<M: Lending> Lending for Dying<M> {
    type Lent = Halves<M::Lent>;

    fn set_apart(&mut self, at: usize) {
        self.memory.set_apart(at);
    }

    fn lend(&self, range: Range<usize>) -> Option<Self::Lent> {
        let lent = self.stepped().lend(range)?;
        Some(Halves {
            bytes: lent.to_vec(),
            lent,
            fate: self.fate.clone(),
        })
    }
}

/// What is lent, written by halves: a writer can die within a frame.
#[derive(Debug)]
pub(crate) struct Halves<L: DerefMut<Target = [u8]>> {
    lent: L,
    bytes: Vec<u8>,
    fate: Fate,
}

impl<L: DerefMut<Target = [u8]>> Deref for Halves<L> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<L: DerefMut<Target = [u8]>> DerefMut for Halves<L> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl<L: DerefMut<Target = [u8]>> Drop for Halves<L> {
    fn drop(&mut self) {
        let half = self.bytes.len() / 2;
        self.fate.step();
        self.lent[..half].copy_from_slice(&self.bytes[..half]);
        self.fate.step();
        self.lent[half..].copy_from_slice(&self.bytes[half..]);
    }
}

impl<M: Source> Source for Dying<M> {
    type Held = M::Held;

    fn hold(&self, range: Range<usize>) -> Self::Held {
        self.stepped().hold(range)
    }

    fn held<'a>(&'a self, held: &'a Self::Held) -> &'a [u8] {
        self.memory.held(held)
    }
}
