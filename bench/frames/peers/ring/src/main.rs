//! The limit for two processes: a ring of slots in shared memory, a futex at each end, and nothing that protects anyone
//! from anyone. Alone, it is the limit of the limit: one process draws into the slots and reads them.

#![cfg(target_os = "linux")]

mod memory;

use std::sync::atomic::{AtomicU32, Ordering};

use frames_contract::{Peer, Reads, Result, Role, Writes};
use memory::{READERS_MAX, Ring};
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};

fn main() -> Result<()> {
    let peer = Peer::from_args()?;
    if peer.readers > READERS_MAX {
        return Err("the ring has no room for so many readers".into());
    }
    match peer.role {
        Role::Writer(writes) => {
            let ring = Ring::make(&peer.address, peer.payload)?;
            frames_contract::listening()?;
            write(writes, ring, peer.readers)
        }
        Role::Reader(reads) => read(reads, &Ring::open(&peer.address, peer.payload)?),
        Role::Alone(writes, reads) => {
            let ring = Ring::make(&peer.address, peer.payload)?;
            frames_contract::listening()?;
            alone(writes, reads, ring)
        }
    }
}

fn write(writes: Writes, mut ring: Ring, readers: usize) -> Result<()> {
    let mut published = 0_u32;
    writes.run(|frame| {
        for reader in 0..readers {
            // Every reader has let go of the frame that stood in the slot.
            let taken = ring.taken(reader);
            wait(taken, &ring.head().writer_waits, |taken| {
                published.wrapping_sub(taken) < ring.slots()
            })?;
        }
        frame.draw(ring.slot_mut(published));
        published = published.wrapping_add(1);
        post(&ring.head().published, published, &ring.head().readers_wait)
    })
}

fn read(mut reads: Reads, ring: &Ring) -> Result<()> {
    let reader = ring.head().readers.fetch_add(1, Ordering::SeqCst) as usize;
    reads.ready()?;
    let mut taken = 0_u32;
    loop {
        let head = ring.head();
        wait(&head.published, &head.readers_wait, |published| {
            published != taken
        })?;
        let goes_on = reads.take(ring.slot(taken))?;
        taken = taken.wrapping_add(1);
        post(ring.taken(reader), taken, &head.writer_waits)?;
        if !goes_on {
            return reads.end();
        }
    }
}

/// Draws and reads in turn.
fn alone(writes: Writes, mut reads: Reads, mut ring: Ring) -> Result<()> {
    let mut number = 0_u32;
    writes.run(|frame| {
        frame.draw(ring.slot_mut(number));
        reads.take(ring.slot(number))?;
        number = number.wrapping_add(1);
        Ok(())
    })?;
    reads.end()
}

/// Waits until the word is as it should be.
fn wait(word: &AtomicU32, waiting: &AtomicU32, is_there: impl Fn(u32) -> bool) -> Result<()> {
    while !is_there(word.load(Ordering::Acquire)) {
        waiting.fetch_add(1, Ordering::SeqCst);
        let seen = word.load(Ordering::SeqCst);
        let waited = if is_there(seen) {
            Ok(())
        } else {
            futex::wait(word, Flags::empty(), seen, None)
        };
        waiting.fetch_sub(1, Ordering::SeqCst);
        match waited {
            Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Stores the word, and wakes those who wait for it if there are any.
fn post(word: &AtomicU32, value: u32, waiting: &AtomicU32) -> Result<()> {
    word.store(value, Ordering::SeqCst);
    if waiting.load(Ordering::SeqCst) > 0 {
        futex::wake(word, Flags::empty(), i32::MAX as u32)?;
    }
    Ok(())
}
