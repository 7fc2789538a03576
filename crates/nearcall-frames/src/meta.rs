//! What a frame's bytes are: a picture, sound, the state of a world, or something that only its user knows.
//!
//! Meta stands in the slot's header, 160 bytes of it at most. It says how to look at the payload; it never says where
//! the payload is.

mod audio;
mod opaque;
mod state;
mod video;

use crate::header::put;
use crate::layout::{kind, slot::META_BYTES};

pub use audio::{Audio, SampleFormat};
pub use opaque::Opaque;
pub use state::{State, StateKind};
pub use video::{Rectangle, Video};

/// What a frame's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Meta {
    /// What only the channel's user understands.
    Opaque(Opaque),
    /// A picture.
    Video(Video),
    /// Sound.
    Audio(Audio),
    /// A snapshot of a world, or what changed in it.
    State(State),
    /// Of a kind that this version does not know, or not as its kind has to be.
    Unknown {
        /// The kind that was said.
        kind: u16,
    },
}

impl Default for Meta {
    fn default() -> Self {
        Self::Opaque(Opaque::default())
    }
}

/// Meta as it stands in a slot's header.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) kind: u16,
    pub(crate) length: u16,
    bytes: [u8; META_BYTES],
}

impl Encoded {
    fn new(kind: u16, length: u16) -> Self {
        Self {
            kind,
            length,
            bytes: [0; META_BYTES],
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.bytes, at, bytes);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or(&self.bytes)
    }
}

impl Meta {
    pub(crate) fn encode(&self) -> Encoded {
        match self {
            Self::Opaque(opaque) => opaque.encode(),
            Self::Video(video) => video.encode(),
            Self::Audio(audio) => audio.encode(),
            Self::State(state) => state.encode(),
            Self::Unknown { kind } => Encoded::new(*kind, 0),
        }
    }

    /// Reads meta of a kind from its bytes; more than a slot's header has room for are not looked at.
    pub(crate) fn parse(of: u16, bytes: &[u8]) -> Self {
        let bytes = bytes.get(..META_BYTES).unwrap_or(bytes);
        let found = match of {
            kind::OPAQUE => Some(Self::Opaque(Opaque::new(bytes))),
            kind::VIDEO => Video::parse(bytes).map(Self::Video),
            kind::AUDIO => Audio::parse(bytes).map(Self::Audio),
            kind::STATE => State::parse(bytes).map(Self::State),
            _ => None,
        };
        found.unwrap_or(Self::Unknown { kind: of })
    }
}

#[cfg(test)]
mod tests;
