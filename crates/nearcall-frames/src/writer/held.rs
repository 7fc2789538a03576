//! Waiting for a reader that holds the writer up, without the writer.

use std::sync::Arc;
use std::time::Duration;

use crate::layout::page;
use crate::limits::HANG_UP_LOOK;
use crate::memory::Words;

/// What a writer that is held up waits at, apart from the writer itself: for one that others need meanwhile, under a
/// lock that is not to be held for so long. See [`Writer::held_by`](super::Writer::held_by).
#[derive(Debug, Clone)]
pub struct Held {
    pub(super) page: Arc<dyn Words>,
    /// The frame that is not to be overwritten before the one before it was taken.
    pub(super) oldest: u64,
}

impl Held {
    /// Waits until the reader says that it has taken the frame, for at most `most` and at most [`HANG_UP_LOOK`]; may
    /// return earlier. The reader's word and its death are both looked at by asking for a loan again.
    ///
    /// A reader stores what it has taken, then wakes who waits for that word; here the word is loaded, and waited for
    /// only while it is as it was loaded. So a frame that is taken in between is not missed.
    pub fn wait(&self, most: Duration) {
        let seen = self.page.load(page::CONSUMED);
        if seen.saturating_add(1) < self.oldest {
            let most = most.min(HANG_UP_LOOK);
            self.page.wait(page::CONSUMED, low_half(seen), most);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half is what is meant: a futex has 32 bits"
)]
pub(crate) const fn low_half(word: u64) -> u32 {
    word as u32
}
