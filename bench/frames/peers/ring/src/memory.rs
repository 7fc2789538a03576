//! The ring's memory: a file on tmpfs, with a head and slots.

use std::fs::{File, OpenOptions};
use std::ptr::null_mut;
use std::sync::atomic::AtomicU32;

use frames_contract::Result;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::mm::{MapFlags, ProtFlags, mmap};

pub const READERS_MAX: usize = 16;

/// As many as a channel of nearcall has for one reader.
const SLOTS: u32 = 4;

const HEAD_BYTES: usize = 4096;

/// A word on a cache line of its own.
#[repr(C, align(64))]
struct Line(AtomicU32);

#[repr(C)]
pub struct Head {
    pub readers: AtomicU32,
    pub published: AtomicU32,
    pub readers_wait: AtomicU32,
    pub writer_waits: AtomicU32,
    taken: [Line; READERS_MAX],
}

/// The ring, mapped for as long as the process lives.
pub struct Ring {
    start: *mut u8,
    payload: usize,
}

impl Ring {
    /// Makes the file, with all of its pages.
    pub fn make(path: &str, payload: usize) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        fallocate(&file, FallocateFlags::empty(), 0, bytes(payload) as u64)?;
        Self::map(&file, payload)
    }

    pub fn open(path: &str, payload: usize) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() != bytes(payload) as u64 {
            return Err("the ring is for frames of another size".into());
        }
        Self::map(&file, payload)
    }

    fn map(file: &File, payload: usize) -> Result<Self> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses where.
        let start = unsafe {
            mmap(
                null_mut(),
                bytes(payload),
                access,
                MapFlags::SHARED,
                file,
                0,
            )
        }?;
        Ok(Self {
            start: start.cast(),
            payload,
        })
    }

    pub fn head(&self) -> &Head {
        // SAFETY: the head fits the first page, is made of atomics and begins as zeros; the mapping is never undone.
        unsafe { &*self.start.cast::<Head>() }
    }

    /// How many frames a reader has let go of.
    pub fn taken(&self, reader: usize) -> &AtomicU32 {
        &self.head().taken[reader].0
    }

    pub const fn slots(&self) -> u32 {
        SLOTS
    }

    /// The slot of a frame that all readers have let go of.
    pub fn slot_mut(&mut self, number: u32) -> &mut [u8] {
        // SAFETY: the slot lies in the mapping, and no reader has it: the writer has waited for that.
        unsafe { std::slice::from_raw_parts_mut(self.place(number), self.payload) }
    }

    /// The slot of a frame that was published, and was not let go of.
    pub fn slot(&self, number: u32) -> &[u8] {
        // SAFETY: the slot lies in the mapping, and the writer waits until it is let go of.
        unsafe { std::slice::from_raw_parts(self.place(number), self.payload) }
    }

    fn place(&self, number: u32) -> *mut u8 {
        let slot = (number % SLOTS) as usize;
        // SAFETY: there are so many slots behind the head.
        unsafe { self.start.add(HEAD_BYTES + slot * stride(self.payload)) }
    }
}

fn stride(payload: usize) -> usize {
    payload.next_multiple_of(4096)
}

fn bytes(payload: usize) -> usize {
    HEAD_BYTES + SLOTS as usize * stride(payload)
}
