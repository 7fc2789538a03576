//! A frame that is held.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::attachment::{Attachment, Pin};
use crate::geometry::Slot;
use crate::header::{field, number};
use crate::layout::{flags, slot as at};
use crate::memory::Source;
use crate::meta::Meta;

/// What the writer says of a frame, copied once when it was leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// The frame's number; the first of a channel is 1.
    pub seq: u64,
    /// What its bytes are.
    pub meta: Meta,
    /// When what they show was so, in nanoseconds since 1970; 0 when not said.
    pub captured: u64,
    /// When it was published, in nanoseconds since 1970.
    pub published: u64,
    /// The CRC-32 of its bytes, when the writer gave one.
    pub crc: Option<u32>,
    /// For the user's own use.
    pub user: [u8; 24],
}

/// A frame that the writer leaves alone until this is dropped. It derefs to the frame's bytes, in place.
///
/// Each lease holds one of the pins that were granted: a reader that collects leases runs out of them, and nobody else
/// does. It may go to another thread, and may outlive its [`Reader`](crate::Reader).
pub struct Lease<D: Source> {
    attachment: Arc<Attachment<D>>,
    pin: Pin,
    held: D::Held,
    info: Info,
    start: usize,
}

impl<D: Source> Lease<D> {
    /// Reads the header of a slot that is pinned and checked to hold frame `seq`.
    pub(super) fn new(attachment: Arc<Attachment<D>>, pin: Pin, seq: u64, slot: Slot) -> Self {
        let geometry = attachment.geometry;
        let mut bytes = [0; at::BYTES];
        attachment
            .data
            .read(geometry.slot_header_at(slot), &mut bytes);
        // The numbers are the writer's word. Lengths are held against what there is, and nothing else is a place.
        let length = usize::try_from(number(&bytes, at::LENGTH)).unwrap_or(usize::MAX);
        let length = length.min(geometry.payload_bytes());
        let start = geometry.payload_at(slot);
        let held = attachment.data.hold(start..start.saturating_add(length));
        let meta_length = usize::from(u16::from_le_bytes(field(&bytes, at::META_LENGTH)));
        let meta_end = at::META.saturating_add(meta_length.min(at::META_BYTES));
        let meta = bytes.get(at::META..meta_end).unwrap_or_default();
        let has_crc = u32::from_le_bytes(field(&bytes, at::FLAGS)) & flags::CRC != 0;
        let crc = u32::from_le_bytes(field(&bytes, at::CRC));
        let info = Info {
            seq,
            meta: Meta::parse(u16::from_le_bytes(field(&bytes, at::META_KIND)), meta),
            captured: number(&bytes, at::CAPTURED),
            published: number(&bytes, at::PUBLISHED),
            crc: has_crc.then_some(crc),
            user: field(&bytes, at::USER),
        };
        Self {
            attachment,
            pin,
            held,
            info,
            start,
        }
    }

    /// The frame's number.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.info.seq
    }

    /// Where the frame's bytes begin in the region.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.start
    }

    /// What the writer says of the frame.
    #[must_use]
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// What its bytes are.
    #[must_use]
    pub const fn meta(&self) -> &Meta {
        &self.info.meta
    }
}

impl<D: Source> Deref for Lease<D> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.attachment.data.held(&self.held)
    }
}

impl<D: Source> Drop for Lease<D> {
    fn drop(&mut self) {
        self.attachment.let_go(self.pin);
    }
}

impl<D: Source> fmt::Debug for Lease<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("info", &self.info)
            .field("bytes", &self.len())
            .finish_non_exhaustive()
    }
}
