//! What a reader and its leases share: the memory, the pins, and what was granted.

use std::sync::Arc;

use super::NextError;
use super::lease::Lease;
use crate::doorbell::Hearing;
use crate::geometry::{Geometry, Slot};
use crate::header::field;
use crate::layout::{descriptor, page, slot as at};
use crate::mark;
use crate::memory::{Memory, Source};
use crate::sync::{AtomicU32, Ordering};
use crate::writer::Grant;

#[derive(Debug)]
pub(super) struct Attachment<D: Source> {
    pub(super) data: D,
    pub(super) page: Box<dyn Memory>,
    pub(super) geometry: Geometry,
    hearing: Option<Box<dyn Hearing>>,
    granted: u32,
    /// A bit for each pin that holds nothing. Private: the page is for the writer to read, not for this side to trust.
    free: AtomicU32,
}

/// One of the pins of a reader, taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pin(u32);

impl Pin {
    fn at(self) -> usize {
        let index = usize::try_from(self.0).unwrap_or(0);
        page::PINS.saturating_add(index.saturating_mul(page::PIN_BYTES))
    }

    fn bit(self) -> u32 {
        1_u32.checked_shl(self.0).unwrap_or(0)
    }
}

impl<D: Source> Attachment<D> {
    pub(super) fn new(data: D, page: Box<dyn Memory>, grant: &Grant) -> Self {
        // At most 16 pins, so that the bits are there.
        let bits = 1_u32.checked_shl(grant.pins).unwrap_or(0).saturating_sub(1);
        Self {
            data,
            page,
            geometry: grant.geometry,
            hearing: None,
            granted: grant.pins,
            free: AtomicU32::new(bits),
        }
    }

    pub(super) fn hear_with(&mut self, hearing: Box<dyn Hearing>) {
        self.hearing = Some(hearing);
    }

    pub(super) fn hearing(&self) -> Option<&dyn Hearing> {
        self.hearing.as_deref()
    }

    /// Frame `seq`, if it still is in `slot`.
    pub(super) fn lease(
        this: &Arc<Self>,
        seq: u64,
        slot: Slot,
    ) -> Result<Option<Lease<D>>, NextError> {
        let pin = this.take_pin()?;
        this.page.store(pin.at(), mark::pin(seq, slot));
        // The counterpart of the fence in the writer's search for a slot: pin, then look at the stamp; stamp, then look
        // at the pins.
        this.page.fence();
        let stamp_at = this.geometry.slot_header_at(slot).saturating_add(at::STAMP);
        if this.data.load(stamp_at) != mark::ready(seq) {
            this.let_go(pin);
            return Ok(None);
        }
        Ok(Some(Lease::new(Arc::clone(this), pin, seq, slot)))
    }

    /// Frame `seq`, if it is still there: its descriptor says in which slot.
    pub(super) fn find(this: &Arc<Self>, seq: u64) -> Result<Option<Lease<D>>, NextError> {
        let descriptor_at = this.geometry.descriptor_at(seq);
        if this
            .data
            .load(descriptor_at.saturating_add(descriptor::STAMP))
            != seq
        {
            return Ok(None);
        }
        let mut bytes = [0; 4];
        this.data
            .read(descriptor_at.saturating_add(descriptor::SLOT), &mut bytes);
        let found = u32::from_le_bytes(field(&bytes, 0)).into();
        // A descriptor that is replaced meanwhile may name any slot, and then the slot's stamp is another frame's.
        let Some(slot) = this.geometry.slot(found) else {
            return Err(NextError::Damaged {
                slots: this.geometry.slots(),
                found,
            });
        };
        Self::lease(this, seq, slot)
    }

    pub(super) fn let_go(&self, pin: Pin) {
        self.page.store(pin.at(), 0);
        self.free.fetch_or(pin.bit(), Ordering::Release);
    }

    /// Only one thread takes pins, the one that has the reader; leases are let go of by any.
    fn take_pin(&self) -> Result<Pin, NextError> {
        let free = self.free.load(Ordering::Acquire);
        if free == 0 {
            return Err(NextError::AllHeld {
                granted: self.granted,
            });
        }
        let pin = Pin(free.trailing_zeros());
        self.free.fetch_and(!pin.bit(), Ordering::Relaxed);
        Ok(pin)
    }
}
