//! Sound.

use super::Encoded;
use crate::header::field;
use crate::layout::kind;

const BYTES: usize = 24;

/// How one sample of one channel is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
#[non_exhaustive]
pub enum SampleFormat {
    /// Signed, 16 bits, little-endian.
    I16 = 1,
    /// Floating point, 32 bits, little-endian, from -1 to 1.
    F32 = 2,
}

/// Samples, those of one moment side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audio {
    /// Moments in a second.
    pub rate: u32,
    /// Samples for each moment.
    pub channels: u16,
    /// How a sample is written.
    pub format: SampleFormat,
    /// The first moment, counted in moments since the stream began.
    pub pts: u64,
    /// How many moments there are.
    pub moments: u32,
}

impl Audio {
    pub(super) fn encode(&self) -> Encoded {
        let mut encoded = Encoded::new(kind::AUDIO, 24);
        encoded.put(0, &self.rate.to_le_bytes());
        encoded.put(4, &self.channels.to_le_bytes());
        encoded.put(6, &(self.format as u16).to_le_bytes());
        encoded.put(8, &self.pts.to_le_bytes());
        encoded.put(16, &self.moments.to_le_bytes());
        encoded
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<BYTES>()?;
        let format = match u16::from_le_bytes(field(bytes, 6)) {
            1 => SampleFormat::I16,
            2 => SampleFormat::F32,
            _ => return None,
        };
        Some(Self {
            rate: u32::from_le_bytes(field(bytes, 0)),
            channels: u16::from_le_bytes(field(bytes, 4)),
            format,
            pts: u64::from_le_bytes(field(bytes, 8)),
            moments: u32::from_le_bytes(field(bytes, 16)),
        })
    }
}
