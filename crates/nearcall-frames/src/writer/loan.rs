//! A slot lent to the caller, to be filled and published.

use std::time::Instant;

use super::{LoanError, Writer};
use crate::geometry::Slot;
use crate::layout::{descriptor, flags, slot as at};
use crate::mark;
use crate::memory::Lending;
use crate::meta::Meta;

/// What the writer says of a frame beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Details {
    /// What the bytes are. By default nothing is said.
    pub meta: Meta,
    /// When what they show was so, in nanoseconds since 1970. By default 0: not said.
    pub captured: u64,
    /// The CRC-32 of the bytes (ISO-HDLC, that of zlib), for readers that copy without a lease. By default none.
    pub crc: Option<u32>,
    /// For the user's own use. By default zeros.
    pub user: [u8; 24],
}

/// Why a frame was not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It does not fit into a slot.
    #[error(
        "expected a frame of {most} bytes at most, found {length}; make the channel with larger frames"
    )]
    TooLong {
        /// Where it ends.
        length: usize,
        /// What fits.
        most: usize,
    },
    /// There is no slot to be had.
    #[error(transparent)]
    Loan(#[from] LoanError),
}

/// A loan that was set aside: a slot that is being written, without the writer.
///
/// For a writer that others need meanwhile, under a lock that is not to be held for as long as drawing takes. It holds
/// nothing by itself: one that is neither taken up nor given back leaves its slot unreadable until the next loan.
#[derive(Debug)]
#[must_use = "what is set aside is taken up again, to be published or given back"]
pub struct Aside {
    slot: Slot,
    seq: u64,
    now: Instant,
    region: u64,
}

impl Aside {
    /// The number that the frame will have.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }
}

impl<D: Lending> Writer<D> {
    /// Goes on with a loan that was set aside, after its bytes were dropped. None where it is another writer's, or another
    /// loan came in between, or it was taken up before.
    pub fn take_up(&mut self, aside: &Aside) -> Option<Loan<'_, D>> {
        let &Aside {
            slot,
            seq,
            now,
            region,
            ..
        } = aside;
        let is_ours = region == self.identity.region
            && seq == self.latest.saturating_add(1)
            && self.aside.take() == Some(slot);
        if !is_ours {
            return None;
        }
        let Some(lent) = self.lend(slot) else {
            // Half a frame, which is still being written.
            self.give_back(slot);
            return None;
        };
        Some(Loan::new(self, slot, lent, seq, now))
    }
}

/// A slot to write a frame into; nobody else looks at it until it is published.
#[derive(Debug)]
pub struct Loan<'a, D: Lending> {
    writer: &'a mut Writer<D>,
    slot: Slot,
    /// None once nothing more is to be written.
    lent: Option<D::Lent>,
    seq: u64,
    now: Instant,
    published: bool,
}

impl<'a, D: Lending> Loan<'a, D> {
    pub(super) fn new(
        writer: &'a mut Writer<D>,
        slot: Slot,
        lent: D::Lent,
        seq: u64,
        now: Instant,
    ) -> Self {
        Self {
            writer,
            slot,
            lent: Some(lent),
            seq,
            now,
            published: false,
        }
    }

    /// The number that the frame will have.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// How many bytes it may have.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.writer.geometry.payload_bytes()
    }

    /// Lets go of the writer for as long as it takes to write the frame: here are its bytes. Drop them, then
    /// [`Writer::take_up`].
    pub fn set_aside(mut self) -> (Aside, Option<D::Lent>) {
        // The drop at the end of this must not give the slot back.
        self.published = true;
        self.writer.aside = Some(self.slot);
        let aside = Aside {
            slot: self.slot,
            seq: self.seq,
            now: self.now,
            region: self.writer.identity.region,
        };
        (aside, self.lent.take())
    }

    /// The slot itself, [`capacity`](Self::capacity) bytes, to draw in place. It still holds what an older frame left in
    /// it.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.lent.as_deref_mut().unwrap_or_default()
    }

    /// Copies bytes into the frame, at an offset from its start. The slot still holds what an older frame left in it.
    ///
    /// # Errors
    ///
    /// They do not fit.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), PublishError> {
        let end = offset.saturating_add(bytes.len());
        self.fits(end)?;
        if let Some(into) = self.bytes_mut().get_mut(offset..end) {
            into.copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Publishes the first `length` bytes as a frame and answers with its number.
    ///
    /// # Errors
    ///
    /// A slot has no room for that many; the frame is given back.
    pub fn publish(mut self, length: usize, details: &Details) -> Result<u64, PublishError> {
        self.fits(length)?;
        // Nobody writes the bytes any more once they may be read.
        self.lent = None;
        let published = (self.writer.clock)();
        let geometry = self.writer.geometry;
        let (header_at, seq, slot) = (geometry.slot_header_at(self.slot), self.seq, self.slot);
        let data = &self.writer.data;
        let length = length as u64;
        let flags = if details.crc.is_some() { flags::CRC } else { 0 };
        let crc = details.crc.unwrap_or(0);

        let meta = details.meta.encode();
        let put = |offset: usize, bytes: &[u8]| data.write(header_at.saturating_add(offset), bytes);
        put(at::LENGTH, &length.to_le_bytes());
        put(at::PROGRESS, &length.to_le_bytes());
        put(at::CAPTURED, &details.captured.to_le_bytes());
        put(at::PUBLISHED, &published.to_le_bytes());
        put(at::CRC, &crc.to_le_bytes());
        put(at::META_KIND, &meta.kind.to_le_bytes());
        put(at::META_LENGTH, &meta.length.to_le_bytes());
        put(at::USER, &details.user);
        put(at::FLAGS, &flags.to_le_bytes());
        put(at::META, meta.bytes());
        data.store(header_at.saturating_add(at::STAMP), mark::ready(seq));

        // A descriptor that is being replaced names no frame, so that nobody takes a part of each for a whole.
        let descriptor_at = geometry.descriptor_at(seq);
        let put =
            |offset: usize, bytes: &[u8]| data.write(descriptor_at.saturating_add(offset), bytes);
        data.store(descriptor_at.saturating_add(descriptor::STAMP), 0);
        put(descriptor::SLOT, &u32::from(slot.index()).to_le_bytes());
        put(descriptor::FLAGS, &flags.to_le_bytes());
        put(descriptor::LENGTH, &length.to_le_bytes());
        put(descriptor::TIME, &published.to_le_bytes());
        put(descriptor::CRC, &crc.to_le_bytes());
        put(descriptor::USER, &details.user);
        data.store(descriptor_at.saturating_add(descriptor::STAMP), seq);

        self.published = true;
        self.writer.show(seq, slot, self.now);
        Ok(seq)
    }

    fn fits(&self, length: usize) -> Result<(), PublishError> {
        let most = self.capacity();
        if length > most {
            return Err(PublishError::TooLong { length, most });
        }
        Ok(())
    }
}

impl<D: Lending> Drop for Loan<'_, D> {
    fn drop(&mut self) {
        // What was lent goes back before the slot does.
        self.lent = None;
        if !self.published {
            self.writer.give_back(self.slot);
        }
    }
}
