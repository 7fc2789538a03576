//! Memory on which a process dies at a numbered step: each access to what is shared is one, so that there is no state
//! that others can see and no step leads to.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nearcall_frames::memory::{Memory, Source, Words};
use rustix::process::{Signal, getpid, kill_process};

/// Counts down to the end.
#[derive(Debug, Clone)]
pub(super) struct Fate(Arc<AtomicU64>);

impl Fate {
    /// Dies at step `at`, counted from 1.
    pub(super) fn new(at: u64) -> Self {
        Self(Arc::new(AtomicU64::new(at)))
    }

    fn step(&self) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            kill_process(getpid(), Signal::KILL).unwrap();
            unreachable!("it was killed");
        }
    }
}

#[derive(Debug)]
pub(super) struct Dying<M> {
    memory: M,
    fate: Fate,
}

impl<M> Dying<M> {
    pub(super) fn new(memory: M, fate: &Fate) -> Self {
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

impl<M: Source> Source for Dying<M> {
    type Held = M::Held;

    fn hold(&self, range: Range<usize>) -> Self::Held {
        self.stepped().hold(range)
    }

    fn held<'a>(&'a self, held: &'a Self::Held) -> &'a [u8] {
        self.memory.held(held)
    }
}
