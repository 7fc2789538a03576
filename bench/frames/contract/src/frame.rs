//! The bytes of a frame: every one depends on the frame's number and on its place, and all of them add up to what the
//! reader can work out by itself.
//!
//! In words of eight bytes, little-endian: the number with two flags; when it was published, in nanoseconds since 1970;
//! then words that grow by one from [`STEP`] times the first word on.

use std::time::SystemTime;

/// Bytes before those that are drawn: the number and the time.
pub const HEAD_BYTES: usize = 16;

const WORD: usize = 8;
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// In the first word: the frame is of the lap that counts.
const COUNTS: u64 = 1 << 63;
/// In the first word: no more frames come.
const LAST: u64 = 1 << 62;

/// A frame that is to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    word: u64,
    payload: usize,
}

impl Frame {
    pub(crate) fn new(number: u64, payload: usize, counts: bool, last: bool) -> Self {
        let flag = |set, flag| if set { flag } else { 0 };
        Self {
            word: number | flag(counts, COUNTS) | flag(last, LAST),
            payload,
        }
    }

    /// Writes every byte; the time comes last, so that nothing but publishing is left.
    ///
    /// # Panics
    ///
    /// There is room for another number of bytes than a frame has.
    pub fn draw(&self, bytes: &mut [u8]) {
        assert_eq!(bytes.len(), self.payload, "bytes of a frame");
        self.fill(bytes);
        bytes[..HEAD_BYTES].copy_from_slice(&self.head());
    }

    fn fill(&self, bytes: &mut [u8]) {
        let base = base(self.word);
        for (index, word) in bytes.chunks_exact_mut(WORD).enumerate() {
            word.copy_from_slice(&base.wrapping_add(index as u64).to_le_bytes());
        }
    }

    fn head(&self) -> [u8; HEAD_BYTES] {
        let mut head = [0; HEAD_BYTES];
        head[..WORD].copy_from_slice(&self.word.to_le_bytes());
        head[WORD..].copy_from_slice(&now().to_le_bytes());
        head
    }
}

/// A frame that came, by its first bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came {
    word: u64,
    pub(crate) published: u64,
}

impl Came {
    /// None where not even the head is there.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let word = |place| {
            let word = bytes.get(place..place + WORD)?;
            Some(u64::from_le_bytes(word.try_into().ok()?))
        };
        Some(Self {
            word: word(0)?,
            published: word(WORD)?,
        })
    }

    pub(crate) fn number(self) -> u64 {
        self.word & !(COUNTS | LAST)
    }

    pub(crate) fn counts(self) -> bool {
        self.word & COUNTS != 0
    }

    pub(crate) fn is_last(self) -> bool {
        self.word & LAST != 0
    }

    /// What all words add up to.
    pub(crate) fn sum(self, payload: usize) -> u64 {
        let words = (payload / WORD) as u64;
        let drawn = words - 2;
        // From 2 to `words` less one.
        let places = (words * (words - 1) / 2).wrapping_sub(1);
        self.word
            .wrapping_add(self.published)
            .wrapping_add(base(self.word).wrapping_mul(drawn))
            .wrapping_add(places)
    }
}

/// Reads every byte.
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(WORD);
    words.fold(0, |sum, word| {
        let mut bytes = [0; WORD];
        bytes.copy_from_slice(word);
        sum.wrapping_add(u64::from_le_bytes(bytes))
    })
}

/// Nanoseconds since 1970: the one clock that all processes of a machine have in common without a system call.
pub(crate) fn now() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_nanos() as u64
}

fn base(word: u64) -> u64 {
    word.wrapping_mul(STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_adds_up() {
        for payload in [16, 24, 4096, 49_160] {
            let mut bytes = vec![0xaa; payload];
            Frame::new(7, payload, true, false).draw(&mut bytes);
            let came = Came::read(&bytes).unwrap();
            assert_eq!(
                (came.number(), came.counts(), came.is_last()),
                (7, true, false)
            );
            assert_eq!(sum(&bytes), came.sum(payload), "{payload} bytes");
        }
    }

    #[test]
    fn a_byte_that_is_not_as_drawn_shows() {
        let mut bytes = vec![0; 4096];
        Frame::new(1, 4096, false, true).draw(&mut bytes);
        bytes[4095] ^= 1;
        assert_ne!(sum(&bytes), Came::read(&bytes).unwrap().sum(4096));
    }
}
