//! Memory of which loom knows the words that matter.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut, Range};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loom::sync::atomic::{AtomicU64, Ordering, fence};
use nearcall_frames::Geometry;
use nearcall_frames::layout::{descriptor, header, page, slot};
use nearcall_frames::memory::{Lending, Memory, Source, Words};

const WORD: usize = 8;

/// Which fences a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fences {
    Both,
    WriterOnly,
    ReaderOnly,
}

/// Words that threads race for, and bytes that are written before there are threads.
#[derive(Debug)]
pub(crate) struct Sparse {
    words: Arc<HashMap<usize, AtomicU64>>,
    plain: Mutex<HashMap<usize, u8>>,
    /// Words that nobody races for in a model, or that do not matter to it.
    others: Mutex<HashMap<usize, u64>>,
    length: usize,
    fenced: bool,
}

impl Sparse {
    /// A region; with its descriptors where readers take frames in turn.
    pub(crate) fn region(geometry: &Geometry, in_turn: bool, fences: Fences) -> Self {
        let slots = usize::try_from(geometry.slots()).unwrap();
        let slot_headers_at = header::BYTES + slots * descriptor::BYTES;
        let payloads_at = geometry.region_bytes() - slots * geometry.stride();
        let mut words = vec![header::LATEST];
        let mut plain = HashMap::new();
        for index in 0..slots {
            let descriptor_at = header::BYTES + index * descriptor::BYTES;
            if in_turn {
                words.extend([
                    descriptor_at + descriptor::STAMP,
                    descriptor_at + descriptor::SLOT,
                ]);
            }
            let header_at = slot_headers_at + index * slot::BYTES;
            let payload_at = payloads_at + index * geometry.stride();
            words.extend([header_at + slot::STAMP, payload_at, payload_at + WORD]);
            // Every frame has this length; were it a word of loom's, there would be more orders and nothing new in them.
            plain.insert(header_at + slot::LENGTH, 2 * WORD as u8);
        }
        Self::new(
            &words,
            plain,
            geometry.region_bytes(),
            fences != Fences::ReaderOnly,
        )
    }

    pub(crate) fn page(fences: Fences) -> Self {
        let words = [page::PINS, page::WAKE_AFTER];
        Self::new(
            &words,
            HashMap::new(),
            page::BYTES,
            fences != Fences::WriterOnly,
        )
    }

    fn new(words: &[usize], plain: HashMap<usize, u8>, length: usize, fenced: bool) -> Self {
        let words = words.iter().map(|at| (*at, AtomicU64::new(0)));
        Self {
            words: Arc::new(words.collect()),
            plain: Mutex::new(plain),
            others: Mutex::new(HashMap::new()),
            length,
            fenced,
        }
    }
}

impl Words for Sparse {
    fn length(&self) -> usize {
        self.length
    }

    fn load(&self, at: usize) -> u64 {
        let Some(word) = self.words.get(&at) else {
            return self.others.lock().unwrap().get(&at).copied().unwrap_or(0);
        };
        // As a read-only mapping does it.
        let value = word.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        value
    }

    fn read(&self, at: usize, into: &mut [u8]) {
        let plain = self.plain.lock().unwrap();
        for (offset, byte) in into.iter_mut().enumerate() {
            *byte = plain.get(&(at + offset)).copied().unwrap_or(0);
        }
        drop(plain);
        for offset in (0..into.len()).step_by(WORD) {
            if let Some(word) = self.words.get(&(at + offset)) {
                let value = word.load(Ordering::Relaxed).to_le_bytes();
                let end = into.len().min(offset + WORD);
                into[offset..end].copy_from_slice(&value[..end - offset]);
            }
        }
    }

    fn wait(&self, _at: usize, _seen: u32, _most: Duration) {
        unreachable!("no model waits");
    }

    fn fence(&self) {
        if self.fenced {
            fence(Ordering::SeqCst);
        }
    }
}

/// Bytes that are lent: stored word by word when they go back, so that loom sees each of them race with whoever reads.
#[derive(Debug)]
pub(crate) struct Lent {
    words: Arc<HashMap<usize, AtomicU64>>,
    at: usize,
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
        write(&self.words, self.at, &self.bytes);
    }
}

fn write(words: &HashMap<usize, AtomicU64>, at: usize, from: &[u8]) {
    for (offset, part) in from.chunks(WORD).enumerate() {
        let Some(word) = words.get(&(at + offset * WORD)) else {
            continue;
        };
        let mut value = [0; WORD];
        if part.len() < WORD {
            value = word.load(Ordering::Relaxed).to_le_bytes();
        }
        value[..part.len()].copy_from_slice(part);
        word.store(u64::from_le_bytes(value), Ordering::Relaxed);
    }
}

impl Lending for Sparse {
    type Lent = Lent;

    /// The models write whole frames: what was there before does not matter.
    fn lend(&self, range: Range<usize>) -> Option<Lent> {
        Some(Lent {
            words: Arc::clone(&self.words),
            at: range.start,
            bytes: vec![0; range.len()],
        })
    }
}

impl Memory for Sparse {
    fn store(&self, at: usize, value: u64) {
        match self.words.get(&at) {
            Some(word) => word.store(value, Ordering::Release),
            None => drop(self.others.lock().unwrap().insert(at, value)),
        }
    }

    fn write(&self, at: usize, from: &[u8]) {
        if at == 0 {
            let bytes = from.iter().copied().enumerate();
            self.plain.lock().unwrap().extend(bytes);
        }
        write(&self.words, at, from);
    }

    fn wake(&self, _at: usize) {}
}

impl Source for Sparse {
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
