//! Bytes that only the channel's user understands.

use super::Encoded;
use crate::header::put;
use crate::layout::{kind, slot::META_BYTES};

/// Up to 160 bytes of the user's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Opaque {
    /// **Invariant:** at most `META_BYTES`.
    length: u16,
    bytes: [u8; META_BYTES],
}

impl Opaque {
    /// Keeps the first 160 bytes.
    #[must_use]
    pub fn new(from: &[u8]) -> Self {
        let from = from.get(..META_BYTES).unwrap_or(from);
        let mut bytes = [0; META_BYTES];
        put(&mut bytes, 0, from);
        Self {
            length: u16::try_from(from.len()).unwrap_or(0),
            bytes,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or_default()
    }

    pub(super) fn encode(&self) -> Encoded {
        let mut encoded = Encoded::new(kind::OPAQUE, self.length);
        encoded.put(0, self.as_bytes());
        encoded
    }
}

impl Default for Opaque {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl std::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Opaque").field(&self.as_bytes()).finish()
    }
}
