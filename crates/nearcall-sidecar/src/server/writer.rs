//! Who writes a channel.

use std::sync::Arc;
use std::time::Instant;

use nearcall_frames::{Aside, Details, Geometry, LoanError, PublishError, Stats};
use nearcall_sys::memory::Lent;

use super::channel::Channel;
use super::{ChannelError, Shared};

/// Writes the frames of a channel, from any thread. The channel ends when this is dropped.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    channel: Arc<Channel>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, channel: Arc<Channel>) -> Self {
        Self { shared, channel }
    }

    /// The channel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.channel.name()
    }

    /// How its memory is divided.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        self.channel.core().region.geometry
    }

    /// The newest frame's number; 0 before the first.
    #[must_use]
    pub fn latest(&self) -> u64 {
        self.channel.core().stats().published
    }

    /// The channel at this moment, with each of its subscriptions.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.channel.core().stats()
    }

    /// A slot to write the next frame into, in place. What is not published is given back. Never waits.
    ///
    /// # Errors
    ///
    /// A subscription holds the writer up or has the frame dropped, or no slot is free.
    pub fn loan(&mut self) -> Result<Loan<'_>, LoanError> {
        let (aside, lent) = self.begin()?;
        Ok(Loan {
            writer: self,
            aside,
            lent,
        })
    }

    /// As [`loan`](Self::loan), but waits for subscriptions that hold the writer up, each for as long as it may. For
    /// threads of their own: it blocks.
    ///
    /// # Errors
    ///
    /// The frame is dropped, or no slot is free.
    pub fn loan_waiting(&mut self) -> Result<Loan<'_>, LoanError> {
        let (aside, lent) = loop {
            match self.begin() {
                Err(LoanError::Held {
                    subscription,
                    until,
                }) => {
                    let core = self.channel.core();
                    let writer = core.writer.as_ref();
                    let held = writer.and_then(|writer| writer.held_by(subscription));
                    drop(core);
                    if let Some(held) = held {
                        held.wait(until.saturating_duration_since(Instant::now()));
                    }
                }
                begun => break begun?,
            }
        };
        Ok(Loan {
            writer: self,
            aside,
            lent,
        })
    }

    /// Publishes a copy of bytes and answers with the frame's number. Never waits.
    ///
    /// # Errors
    ///
    /// They are too many, or there is no slot to be had, see [`loan`](Self::loan).
    pub fn copy(&mut self, payload: &[u8], details: &Details) -> Result<u64, PublishError> {
        let mut loan = self.loan()?;
        loan.write(0, payload)?;
        loan.publish(payload.len(), details)
    }

    /// Goes on with frames of other sizes. Readers attach to the new memory by themselves; what they hold stays.
    ///
    /// # Errors
    ///
    /// There is no memory; the channel goes on as it was.
    pub fn replace(&mut self, geometry: Geometry) -> Result<(), ChannelError> {
        self.channel.replace(geometry)
    }

    /// Begins a frame, and lets go of the channel: drawing takes longer than others should wait.
    fn begin(&self) -> Result<(Aside, Option<Lent>), LoanError> {
        let mut core = self.channel.core();
        // Only this writer's drop ends the channel.
        let writer = core.writer.as_mut().ok_or(LoanError::Worn)?;
        Ok(writer.loan(Instant::now())?.set_aside())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // First nobody finds it, then it ends.
        self.shared.forget(&self.channel);
        self.channel.close();
    }
}

/// A slot to write a frame into; nobody else looks at it until it is published.
#[derive(Debug)]
pub struct Loan<'a> {
    writer: &'a mut Writer,
    aside: Aside,
    /// None once nothing more is to be written.
    lent: Option<Lent>,
}

impl Loan<'_> {
    /// The number that the frame will have.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.aside.seq()
    }

    /// How many bytes it may have.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.lent.as_deref().unwrap_or_default().len()
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
        let (length, most) = (offset.saturating_add(bytes.len()), self.capacity());
        let into = self.bytes_mut().get_mut(offset..length);
        into.ok_or(PublishError::TooLong { length, most })?
            .copy_from_slice(bytes);
        Ok(())
    }

    /// Publishes the first `length` bytes as a frame and answers with its number.
    ///
    /// # Errors
    ///
    /// A slot has no room for that many; the frame is given back.
    pub fn publish(mut self, length: usize, details: &Details) -> Result<u64, PublishError> {
        self.lent = None;
        let mut core = self.writer.channel.core();
        let writer = core.writer.as_mut();
        let loan = writer.and_then(|writer| writer.take_up(&self.aside));
        loan.ok_or(PublishError::Loan(LoanError::Worn))?
            .publish(length, details)
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.lent = None;
        let mut core = self.writer.channel.core();
        let writer = core.writer.as_mut();
        // Taken up again and dropped, it is given back; once published, there is nothing to take up.
        drop(writer.and_then(|writer| writer.take_up(&self.aside)));
    }
}
