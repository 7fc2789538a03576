//! The numbers that name a frame in a slot.

use crate::geometry::{Geometry, Slot};
use crate::limits::SEQ_MAX;

/// How far a frame's number is shifted in `latest` and in pins.
const SEQ_SHIFT: u32 = 16;

const SLOT_MASK: u64 = 0xffff;

/// The word `latest` for a frame.
pub(crate) fn latest(seq: u64, slot: Slot) -> u64 {
    seq << SEQ_SHIFT | u64::from(slot.index())
}

/// What `latest` names: a frame and its slot, if it names a slot that there is. `Ok(None)` before the first frame.
pub(crate) fn read_latest(word: u64, geometry: &Geometry) -> Result<Option<(u64, Slot)>, u64> {
    if word == 0 {
        return Ok(None);
    }
    let seq = word >> SEQ_SHIFT;
    let raw = word & SLOT_MASK;
    match geometry.slot(raw) {
        Some(slot) if seq > 0 => Ok(Some((seq, slot))),
        _ => Err(raw),
    }
}

/// A pin on a frame; never zero.
pub(crate) fn pin(seq: u64, slot: Slot) -> u64 {
    seq << SEQ_SHIFT | u64::from(slot.index()).saturating_add(1)
}

/// The slot that a pin names, whatever frame it names. Pins are claims by strangers: one that names no slot claims none.
pub(crate) fn pinned(pin: u64, geometry: &Geometry) -> Option<Slot> {
    geometry.slot((pin & SLOT_MASK).checked_sub(1)?)
}

/// The stamp of a slot whose frame is there.
pub(crate) fn ready(seq: u64) -> u64 {
    seq << 1
}

/// The stamp of a slot whose frame is being written.
pub(crate) fn writing(seq: u64) -> u64 {
    seq << 1 | 1
}

/// A reader's wish to be woken for `seq`.
pub(crate) fn wake(seq: u64, by_doorbell: bool) -> u64 {
    seq.min(SEQ_MAX) << 1 | u64::from(by_doorbell)
}

/// What a reader wishes to be woken for, and whether by its doorbell.
pub(crate) fn read_wake(word: u64) -> Option<(u64, bool)> {
    (word != 0).then_some((word >> 1, word & 1 == 1))
}
