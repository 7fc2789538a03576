//! Finding a slot that nobody reads.

use std::time::Instant;

use super::subscription::Subscription;
use crate::geometry::{Geometry, Slot};
use crate::layout::slot as at;
use crate::mark;
use crate::memory::Memory;

/// What is in a slot, as the writer remembers it: what the shared memory says is for readers.
#[derive(Debug, Clone, Copy, Default)]
struct Occupant {
    /// 0 when there is no frame to be read.
    seq: u64,
    since: Option<Instant>,
}

/// All slots of a channel.
#[derive(Debug)]
pub(super) struct Slots {
    occupants: Vec<Occupant>,
    /// Scratch: which slots are named by a pin.
    pinned: Vec<bool>,
}

impl Slots {
    pub(super) fn new(geometry: &Geometry) -> Self {
        let slots = geometry.all_slots().count();
        Self {
            occupants: vec![Occupant::default(); slots],
            pinned: vec![false; slots],
        }
    }

    pub(super) fn set(&mut self, slot: Slot, seq: u64, now: Instant) {
        if let Some(occupant) = self.occupants.get_mut(usize::from(slot.index())) {
            *occupant = Occupant {
                seq,
                since: Some(now),
            };
        }
    }

    /// Marks a slot whose frame was not finished: nobody may read it under any number.
    pub(super) fn clear(&mut self, slot: Slot) {
        if let Some(occupant) = self.occupants.get_mut(usize::from(slot.index())) {
            *occupant = Occupant::default();
        }
    }

    /// When the frame in a slot was published.
    pub(super) fn since(&self, slot: Slot) -> Option<Instant> {
        self.occupants.get(usize::from(slot.index()))?.since
    }

    /// Takes a slot that neither is kept nor pinned, and leaves it stamped as being written: the one that was written last,
    /// since a cache may still have it. Those that never had a frame come before, so that what the first touch of memory
    /// costs is paid at the beginning, and not when a reader first lags.
    ///
    /// A slot is first stamped and then looked for among the pins, with a fence between; a reader first pins and then
    /// looks at the stamp, with a fence between. So one of the two sees the other, whichever comes first: the writer
    /// gives the slot back, or the reader lets go.
    pub(super) fn take<D: Memory>(
        &mut self,
        data: &D,
        geometry: &Geometry,
        seq: u64,
        subscriptions: &[Subscription],
    ) -> Option<Slot> {
        let kept = kept_from(geometry, seq, subscriptions);
        let age = |&slot: &Slot| match self.seq(slot) {
            0 => 0,
            found => seq.saturating_sub(found),
        };
        let newest = self.free(geometry, kept).min_by_key(age)?;
        stamp(data, geometry, newest, mark::writing(seq));
        data.fence();
        let mut pins = subscriptions.iter().flat_map(Subscription::pins);
        if !pins.any(|pin| mark::pinned(pin, geometry) == Some(newest)) {
            return Some(newest);
        }
        stamp(data, geometry, newest, mark::ready(self.seq(newest)));
        self.take_any(data, geometry, seq, kept, subscriptions)
    }

    /// Takes any slot that is free, when the first choice was not.
    ///
    /// All that may be free are stamped at once, and then each pin is loaded once: it can name one slot, so of more
    /// slots than pins one is left. Trying one slot after the other would let a reader that moves its pin along with
    /// the writer hold it up for ever.
    fn take_any<D: Memory>(
        &mut self,
        data: &D,
        geometry: &Geometry,
        seq: u64,
        kept: u64,
        subscriptions: &[Subscription],
    ) -> Option<Slot> {
        for slot in self.free(geometry, kept) {
            stamp(data, geometry, slot, mark::writing(seq));
        }
        data.fence();
        self.pinned.fill(false);
        for pin in subscriptions.iter().flat_map(Subscription::pins) {
            let named = mark::pinned(pin, geometry);
            let named = named.and_then(|slot| self.pinned.get_mut(usize::from(slot.index())));
            if let Some(named) = named {
                *named = true;
            }
        }
        let mut taken = None;
        for slot in self.free(geometry, kept) {
            if taken.is_none() && !self.is_pinned(slot) {
                taken = Some(slot);
            } else {
                stamp(data, geometry, slot, mark::ready(self.seq(slot)));
            }
        }
        taken
    }

    /// The slots that have no frame, or one older than `kept`.
    fn free(&self, geometry: &Geometry, kept: u64) -> impl Iterator<Item = Slot> {
        geometry.all_slots().filter(move |&slot| {
            let found = self.seq(slot);
            found == 0 || found < kept
        })
    }

    fn seq(&self, slot: Slot) -> u64 {
        let occupant = self.occupants.get(usize::from(slot.index()));
        occupant.map_or(0, |occupant| occupant.seq)
    }

    fn is_pinned(&self, slot: Slot) -> bool {
        let pinned = self.pinned.get(usize::from(slot.index()));
        pinned.is_some_and(|pinned| *pinned)
    }
}

/// The oldest frame that is kept while `seq` is written: of the history and the latest, what someone did not take yet. The
/// latest is kept for those who come.
fn kept_from(geometry: &Geometry, seq: u64, subscriptions: &[Subscription]) -> u64 {
    let latest = seq.saturating_sub(1);
    let history = latest.saturating_sub(geometry.history().into());
    let wanted = subscriptions
        .iter()
        .filter(|one| !one.was_gone())
        .map(|one| one.consumed(latest).saturating_add(1))
        .min();
    wanted.unwrap_or(latest).clamp(history, latest)
}

fn stamp<D: Memory>(data: &D, geometry: &Geometry, slot: Slot, stamp: u64) {
    data.store(
        geometry.slot_header_at(slot).saturating_add(at::STAMP),
        stamp,
    );
}
