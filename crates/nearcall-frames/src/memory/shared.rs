//! Memory that processes share.

use std::ops::Range;
use std::time::Duration;

use nearcall_sys::memory::{Lent, ReadOnly, Writable};

use super::{Lending, Memory, Source, Words};

impl Words for ReadOnly {
    fn length(&self) -> usize {
        self.len()
    }

    fn load(&self, at: usize) -> u64 {
        self.load(at)
    }

    fn read(&self, at: usize, into: &mut [u8]) {
        self.read(at, into);
    }

    fn wait(&self, at: usize, seen: u32, most: Duration) {
        // Why it returned does not matter: the caller looks again.
        let _ = self.wait(at, seen, most);
    }
}

impl Source for ReadOnly {
    type Held = Range<usize>;

    fn hold(&self, range: Range<usize>) -> Range<usize> {
        range
    }

    fn held<'a>(&'a self, held: &'a Range<usize>) -> &'a [u8] {
        self.leased(held.clone())
    }
}

impl Words for Writable {
    fn length(&self) -> usize {
        self.len()
    }

    fn load(&self, at: usize) -> u64 {
        self.load(at)
    }

    fn read(&self, at: usize, into: &mut [u8]) {
        self.read(at, into);
    }

    fn wait(&self, at: usize, seen: u32, most: Duration) {
        // Why it returned does not matter: the caller looks again.
        let _ = self.wait(at, seen, most);
    }
}

impl Lending for Writable {
    type Lent = Lent;

    fn set_apart(&mut self, at: usize) {
        self.set_apart(at);
    }

    fn lend(&self, range: Range<usize>) -> Option<Lent> {
        self.lend(range)
    }
}

impl Memory for Writable {
    fn store(&self, at: usize, value: u64) {
        self.store(at, value);
    }

    fn write(&self, at: usize, from: &[u8]) {
        self.write(at, from);
    }

    fn wake(&self, at: usize) {
        self.wake(at);
    }
}
