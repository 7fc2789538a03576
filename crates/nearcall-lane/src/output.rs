//! Bytes on their way out: small things copied next to each other, long messages where they lie.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use crate::limits::INLINE_BYTES_MAX;

/// What is to be written next, in order: a [`Buf`], so that one vectored write takes all of it.
#[derive(Debug, Default)]
pub struct Output {
    /// What was copied, of all segments, in order.
    copied: BytesMut,
    segments: VecDeque<Segment>,
    /// Of `copied`, what lies after the last segment.
    tail: usize,
    shared: usize,
}

#[derive(Debug)]
enum Segment {
    /// This many of the copied bytes.
    Copied(usize),
    Shared(Bytes),
}

impl Output {
    /// Where the next frame is written.
    pub(crate) fn frame(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let before = self.copied.len();
        write(&mut self.copied);
        let written = self.copied.len().saturating_sub(before);
        self.tail = self.tail.saturating_add(written);
    }

    /// Bytes of a message.
    pub(crate) fn message(&mut self, bytes: Bytes) {
        if bytes.len() <= INLINE_BYTES_MAX {
            self.frame(|out| out.extend_from_slice(&bytes));
            return;
        }
        if self.tail > 0 {
            self.segments.push_back(Segment::Copied(self.tail));
            self.tail = 0;
        }
        self.shared = self.shared.saturating_add(bytes.len());
        self.segments.push_back(Segment::Shared(bytes));
    }
}

impl Buf for Output {
    fn remaining(&self) -> usize {
        self.copied.len().saturating_add(self.shared)
    }

    fn chunk(&self) -> &[u8] {
        match self.segments.front() {
            Some(Segment::Copied(length)) => self.copied.get(..*length).unwrap_or_default(),
            Some(Segment::Shared(bytes)) => bytes,
            None => &self.copied,
        }
    }

    fn chunks_vectored<'a>(&'a self, into: &mut [IoSlice<'a>]) -> usize {
        let mut copied: &[u8] = &self.copied;
        let mut filled = 0_usize;
        let mut slots = into.iter_mut();
        for segment in &self.segments {
            let Some(slot) = slots.next() else {
                return filled;
            };
            *slot = IoSlice::new(match segment {
                Segment::Copied(length) => {
                    let (now, rest) = copied.split_at_checked(*length).unwrap_or_default();
                    copied = rest;
                    now
                }
                Segment::Shared(bytes) => bytes,
            });
            filled = filled.saturating_add(1);
        }
        if let (Some(slot), false) = (slots.next(), copied.is_empty()) {
            *slot = IoSlice::new(copied);
            filled = filled.saturating_add(1);
        }
        filled
    }

    /// Notes that bytes were written; no more of them are taken than there are.
    fn advance(&mut self, count: usize) {
        let mut left = count.min(self.remaining());
        while left > 0 {
            let now = match self.segments.front_mut() {
                Some(Segment::Copied(length)) => {
                    let now = left.min(*length);
                    *length = length.saturating_sub(now);
                    self.copied.advance(now);
                    if *length == 0 {
                        self.segments.pop_front();
                    }
                    now
                }
                Some(Segment::Shared(bytes)) => {
                    let now = left.min(bytes.len());
                    bytes.advance(now);
                    self.shared = self.shared.saturating_sub(now);
                    if bytes.is_empty() {
                        self.segments.pop_front();
                    }
                    now
                }
                None => {
                    self.copied.advance(left);
                    self.tail = self.tail.saturating_sub(left);
                    left
                }
            };
            left = left.saturating_sub(now);
        }
        if self.copied.is_empty() {
            // The room before what was written is found again.
            self.copied.clear();
        }
    }
}
