//! Credit: how many bytes of messages may be sent before the reader has taken some.
//!
//! A message may begin while there is any credit, and spends its bytes and [`MESSAGE_COST`] at once. Credit can so fall
//! below zero, by one message at most, and a message that has begun never waits for more: no two streams can hold up each
//! other with halves of messages.

use crate::limits::{CREDIT_MAX, MESSAGE_COST};

/// What a message of `length` bytes costs.
pub(crate) fn cost(length: usize) -> i64 {
    i64::try_from(length)
        .unwrap_or(i64::MAX)
        .saturating_add(i64::from(MESSAGE_COST))
}

/// The sender's side.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SendCredit(i64);

impl SendCredit {
    pub(crate) fn new(window: u32) -> Self {
        Self(i64::from(window.min(CREDIT_MAX)))
    }

    pub(crate) const fn is_some(self) -> bool {
        self.0 > 0
    }

    pub(crate) const fn spend(&mut self, cost: i64) {
        self.0 = self.0.saturating_sub(cost);
    }

    /// Whether what there is now is within [`CREDIT_MAX`].
    pub(crate) fn add(&mut self, amount: u32) -> bool {
        self.0 = self.0.saturating_add(i64::from(amount));
        self.0 <= i64::from(CREDIT_MAX)
    }
}

/// The reader's side: what the peer may still spend, what is held here, and what was taken but not yet granted again.
///
/// The three always add up to the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadCredit {
    window: i64,
    left: i64,
    taken: i64,
}

impl ReadCredit {
    pub(crate) fn new(window: u32) -> Self {
        let window = i64::from(window.min(CREDIT_MAX));
        Self {
            window,
            left: window,
            taken: 0,
        }
    }

    /// Whether the peer had credit for a message.
    pub(crate) const fn spend(&mut self, cost: i64) -> bool {
        let had = self.left > 0;
        self.left = self.left.saturating_sub(cost);
        had
    }

    /// Notes that a message of this cost was taken; more than is held is not noted.
    pub(crate) fn take(&mut self, cost: i64) {
        let held = self
            .window
            .saturating_sub(self.left)
            .saturating_sub(self.taken);
        self.taken = self.taken.saturating_add(cost.min(held).max(0));
    }

    /// Whether it is time to grant again: half the window was taken, or the peer can send nothing.
    pub(crate) const fn is_due(&self) -> bool {
        self.taken > 0 && (self.left <= 0 || self.taken >= self.window / 2)
    }

    /// Grants what was taken.
    pub(crate) fn grant(&mut self) -> u32 {
        let amount = u32::try_from(self.taken)
            .unwrap_or(CREDIT_MAX)
            .min(CREDIT_MAX);
        self.taken = self.taken.saturating_sub(i64::from(amount));
        self.left = self.left.saturating_add(i64::from(amount));
        amount
    }
}
