//! The state of a world.

use super::Encoded;
use crate::header::field;
use crate::layout::kind;

const BYTES: usize = 24;

/// Whether a frame stands by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum StateKind {
    /// It has everything.
    Snapshot = 1,
    /// It has what changed since the frame that [`State::base`] names.
    Delta = 2,
}

/// A snapshot of a world, or what changed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Which schema the payload follows.
    pub schema: u64,
    /// The frame that a delta is to be laid upon; 0 for a snapshot.
    pub base: u64,
    /// Which of the two it is.
    pub kind: StateKind,
}

impl State {
    pub(super) fn encode(&self) -> Encoded {
        let mut encoded = Encoded::new(kind::STATE, 24);
        encoded.put(0, &self.schema.to_le_bytes());
        encoded.put(8, &self.base.to_le_bytes());
        encoded.put(16, &(self.kind as u32).to_le_bytes());
        encoded
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<BYTES>()?;
        let kind = match u32::from_le_bytes(field(bytes, 16)) {
            1 => StateKind::Snapshot,
            2 => StateKind::Delta,
            _ => return None,
        };
        Some(Self {
            schema: u64::from_le_bytes(field(bytes, 0)),
            base: u64::from_le_bytes(field(bytes, 8)),
            kind,
        })
    }
}
