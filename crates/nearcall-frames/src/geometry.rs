//! How a channel's memory is divided. Checked once; offsets that come out of it lie in the region.

use crate::layout::{LINE_BYTES, PAGE_BYTES, descriptor, header, slot};
use crate::limits::{CHANNEL_BYTES_MAX, PAYLOAD_BYTES_MAX, PINS_MAX, SLOTS_MAX, SUBSCRIPTIONS_MAX};

/// The slots that are never free: the latest frame's, and the one being written.
const SLOTS_IN_USE: u32 = 2;

/// The number of a slot that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// Counted from 0.
    #[must_use]
    pub const fn index(self) -> u16 {
        self.0
    }
}

/// Why memory cannot be divided so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// Too few slots for the frames kept, or too many for a channel.
    #[error(
        "expected {least} to {SLOTS_MAX} slots to keep {history} frames beside the latest, found {slots}"
    )]
    Slots {
        /// What was asked for.
        slots: u32,
        /// Frames to keep.
        history: u32,
        /// The fewest that would do.
        least: u64,
    },
    /// Frames of no bytes, or too many.
    #[error("expected frames of 1 to {PAYLOAD_BYTES_MAX} bytes, found {payload_bytes}")]
    Payload {
        /// What was asked for.
        payload_bytes: u64,
    },
    /// Too much in all.
    #[error(
        "expected a channel of {CHANNEL_BYTES_MAX} bytes at most, found {slots} slots of {payload_bytes}; use fewer, or smaller ones"
    )]
    Region {
        /// What was asked for.
        slots: u32,
        /// What was asked for.
        payload_bytes: u64,
    },
}

/// How many frames of which size a channel holds, and where.
///
/// A channel needs `history + pins + 2` slots, `pins` counting those of all its subscriptions: then there is always one
/// to write to, whatever readers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    slots: u32,
    payload_bytes: usize,
    history: u32,
    slot_headers_at: usize,
    payloads_at: usize,
    stride: usize,
    /// **Invariant:** every offset that a method gives lies below this, with all that stands there.
    region_bytes: usize,
}

impl Geometry {
    /// `slots` frames of `payload_bytes` bytes at most, of which `history` stay readable beside the latest.
    ///
    /// # Errors
    ///
    /// That is too few, too many, or too much.
    pub fn new(slots: u32, payload_bytes: usize, history: u32) -> Result<Self, GeometryError> {
        let least = u64::from(history).saturating_add(SLOTS_IN_USE.into());
        if u64::from(slots) < least || slots > SLOTS_MAX {
            return Err(GeometryError::Slots {
                slots,
                history,
                least,
            });
        }
        if payload_bytes == 0 || payload_bytes > PAYLOAD_BYTES_MAX {
            return Err(GeometryError::Payload {
                payload_bytes: payload_bytes as u64,
            });
        }
        Self::divide(slots, payload_bytes, history)
            .filter(|geometry| geometry.region_bytes <= CHANNEL_BYTES_MAX)
            .ok_or(GeometryError::Region {
                slots,
                payload_bytes: payload_bytes as u64,
            })
    }

    fn divide(slots: u32, payload_bytes: usize, history: u32) -> Option<Self> {
        let count = usize::try_from(slots).ok()?;
        let ring_bytes = count.checked_mul(descriptor::BYTES)?;
        let slot_headers_at = header::BYTES
            .checked_add(ring_bytes)?
            .checked_next_multiple_of(LINE_BYTES)?;
        let payloads_at = slot_headers_at
            .checked_add(count.checked_mul(slot::BYTES)?)?
            .checked_next_multiple_of(PAGE_BYTES)?;
        let stride = payload_bytes.checked_next_multiple_of(PAGE_BYTES)?;
        let region_bytes = payloads_at.checked_add(count.checked_mul(stride)?)?;
        Some(Self {
            slots,
            payload_bytes,
            history,
            slot_headers_at,
            payloads_at,
            stride,
            region_bytes,
        })
    }

    /// How many slots there are.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// Bytes that a frame may have.
    #[must_use]
    pub const fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Frames that stay readable beside the latest.
    #[must_use]
    pub const fn history(&self) -> u32 {
        self.history
    }

    /// Bytes of the whole region.
    #[must_use]
    pub const fn region_bytes(&self) -> usize {
        self.region_bytes
    }

    /// Bytes from one payload to the next.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// How many pins there are for all subscriptions together.
    #[must_use]
    pub fn pins(&self) -> u32 {
        let free = self
            .slots
            .saturating_sub(self.history)
            .saturating_sub(SLOTS_IN_USE);
        let subscriptions = u32::try_from(SUBSCRIPTIONS_MAX).unwrap_or(u32::MAX);
        free.min(PINS_MAX.saturating_mul(subscriptions))
    }

    /// The slot of that number, if there is one.
    #[must_use]
    pub fn slot(&self, index: u64) -> Option<Slot> {
        let index = u16::try_from(index).ok()?;
        (u32::from(index) < self.slots).then_some(Slot(index))
    }

    pub(crate) fn all_slots(&self) -> impl Iterator<Item = Slot> + use<> {
        let count = u16::try_from(self.slots).unwrap_or(u16::MAX);
        (0..count).map(Slot)
    }

    /// How many descriptors the ring has: one for each slot, so that a frame that is kept has its own.
    #[must_use]
    pub const fn ring_length(&self) -> u32 {
        self.slots
    }

    pub(crate) const fn ring_at(&self) -> usize {
        header::BYTES
    }

    pub(crate) const fn slot_headers_at(&self) -> usize {
        self.slot_headers_at
    }

    pub(crate) const fn payloads_at(&self) -> usize {
        self.payloads_at
    }

    /// Where the descriptor of frame `seq` stands.
    pub(crate) fn descriptor_at(&self, seq: u64) -> usize {
        // A channel has slots, and so the ring has descriptors: the remainder is always there.
        let index = seq.checked_rem(self.slots.into()).unwrap_or(0);
        nth(self.ring_at(), index, descriptor::BYTES)
    }

    /// Where the header of a slot stands in the region.
    #[must_use]
    pub fn slot_header_at(&self, slot: Slot) -> usize {
        nth(self.slot_headers_at, slot.0.into(), slot::BYTES)
    }

    /// Where the payload of a slot begins in the region.
    #[must_use]
    pub fn payload_at(&self, slot: Slot) -> usize {
        nth(self.payloads_at, slot.0.into(), self.stride)
    }
}

/// Saturating, where the invariant of the geometry says that nothing can be reached to saturate.
fn nth(start: usize, index: u64, bytes: usize) -> usize {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    start.saturating_add(index.saturating_mul(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_divided_is_refused() {
        let check = |slots, payload_bytes, history, fits: bool| {
            let made = Geometry::new(slots, payload_bytes, history);
            assert_eq!(
                made.is_ok(),
                fits,
                "{slots} {payload_bytes} {history}: {made:?}"
            );
        };
        check(2, 1, 0, true);
        check(1, 1, 0, false);
        check(0, 1, 0, false);
        check(4, 1, 2, true);
        check(4, 1, 3, false);
        check(4, 1, u32::MAX, false);
        check(SLOTS_MAX, 4_096, 0, true);
        check(SLOTS_MAX + 1, 4_096, 0, false);
        check(u32::MAX, 1, 0, false);
        check(2, 0, 0, false);
        check(2, PAYLOAD_BYTES_MAX, 0, true);
        check(2, PAYLOAD_BYTES_MAX + 1, 0, false);
        check(2, usize::MAX, 0, false);
        check(SLOTS_MAX, PAYLOAD_BYTES_MAX, 0, false);
    }

    #[test]
    fn everything_lies_in_the_region_and_nothing_overlaps() {
        for (slots, payload_bytes, history) in [(2, 1, 0), (3, 4_096, 1), (17, 4_097, 5)] {
            let geometry = Geometry::new(slots, payload_bytes, history).unwrap();
            let mut parts = vec![(0, header::BYTES)];
            for seq in 0..u64::from(slots) {
                parts.push((geometry.descriptor_at(seq), descriptor::BYTES));
            }
            parts.extend(
                geometry
                    .all_slots()
                    .map(|one| (geometry.slot_header_at(one), slot::BYTES)),
            );
            parts.extend(
                geometry
                    .all_slots()
                    .map(|one| (geometry.payload_at(one), geometry.stride())),
            );
            assert_eq!(parts.len(), 1 + 3 * slots as usize);
            let mut end = 0;
            for (at, bytes) in parts {
                assert!(at >= end && at % LINE_BYTES == 0, "{at} after {end}");
                end = at + bytes;
            }
            assert_eq!(end, geometry.region_bytes());
            assert_eq!(geometry.payloads_at() % PAGE_BYTES, 0);
            assert_eq!(geometry.pins(), slots - history - 2);
            let wrapped = geometry.descriptor_at(u64::from(slots) * 7 + 1);
            assert_eq!(wrapped, geometry.descriptor_at(1));
        }
    }

    #[test]
    fn only_slots_that_are_there_have_a_number() {
        let geometry = Geometry::new(3, 64, 0).unwrap();
        assert_eq!(geometry.slot(2).map(Slot::index), Some(2));
        for none in [3, 0xffff, 0x1_0000, u64::MAX] {
            assert_eq!(geometry.slot(none), None);
        }
    }
}
