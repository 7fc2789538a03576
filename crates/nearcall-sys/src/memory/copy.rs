//! Copies in and out of memory that others may be accessing: by atomics, word by word, so that a race gives mixed bytes
//! and nothing worse.

use std::sync::atomic::{AtomicU8, Ordering};

use super::mapping::Mapping;

const WORD: usize = 8;

pub(super) fn read(mapping: &Mapping, at: usize, into: &mut [u8]) {
    let (head, words) = split(at, into.len());
    let (first, rest) = into.split_at_mut(head);
    let (middle, last) = rest.split_at_mut(words * WORD);
    let (start, end) = (at + head, at + head + middle.len());
    load_bytes(mapping.cells(at..start), first);
    if words > 0 {
        let from = mapping.words(start..end);
        for (into, from) in middle.chunks_exact_mut(WORD).zip(from) {
            into.copy_from_slice(&from.load(Ordering::Relaxed).to_ne_bytes());
        }
    }
    load_bytes(mapping.cells(end..end + last.len()), last);
}

pub(super) fn write(mapping: &Mapping, at: usize, from: &[u8]) {
    let (head, words) = split(at, from.len());
    let (first, rest) = from.split_at(head);
    let (middle, last) = rest.split_at(words * WORD);
    let (start, end) = (at + head, at + head + middle.len());
    store_bytes(mapping.cells(at..start), first);
    if words > 0 {
        let into = mapping.words(start..end);
        for (into, from) in into.iter().zip(middle.chunks_exact(WORD)) {
            let mut word = [0; WORD];
            word.copy_from_slice(from);
            into.store(u64::from_ne_bytes(word), Ordering::Relaxed);
        }
    }
    store_bytes(mapping.cells(end..end + last.len()), last);
}

/// How many bytes come before the first whole word of a range, and how many whole words it has.
fn split(at: usize, length: usize) -> (usize, usize) {
    let head = (at.next_multiple_of(WORD) - at).min(length);
    (head, (length - head) / WORD)
}

fn load_bytes(from: &[AtomicU8], into: &mut [u8]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into = from.load(Ordering::Relaxed);
    }
}

fn store_bytes(into: &[AtomicU8], from: &[u8]) {
    for (into, from) in into.iter().zip(from) {
        into.store(*from, Ordering::Relaxed);
    }
}
