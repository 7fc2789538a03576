//! The header of a data region: what a channel says of itself, once.

use crate::geometry::{Geometry, GeometryError};
use crate::layout::{ABI, LAYOUT_HASH, MAGIC, header as at};

/// Which region of which channel of which start of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Another each time the server starts.
    pub epoch: u64,
    /// The channel, within the epoch.
    pub channel: u64,
    /// The region, within the channel.
    pub region: u64,
}

/// Why bytes are no header of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Too few bytes.
    #[error("expected a header of {} bytes, found {found}", at::FIXED_BYTES)]
    Short {
        /// How many there are.
        found: usize,
    },
    /// It begins with something else.
    #[error("expected a frame channel, which begins with {MAGIC:02x?}, found {found:02x?}")]
    Magic {
        /// What it begins with.
        found: [u8; 8],
    },
    /// Another version of the layout.
    #[error("expected version {} of the layout, found {found}; use peers of one version", ABI.0)]
    Version {
        /// The major version.
        found: u16,
    },
    /// The same version, laid out otherwise: a build that is none of ours.
    #[error("expected a layout with the hash {LAYOUT_HASH:#018x}, found {found:#018x}")]
    Layout {
        /// The hash.
        found: u64,
    },
    /// A geometry that cannot be.
    #[error("the header's slots cannot be")]
    Geometry(#[from] GeometryError),
    /// An offset or a size that does not follow from the slots.
    #[error("expected {field} to be {expected}, which follows from the slots, found {found}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it must be.
        expected: u64,
        /// What it is.
        found: u64,
    },
}

/// A header that was read and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Which region it is.
    pub identity: Identity,
    /// How the region is divided.
    pub geometry: Geometry,
    /// The minor version of the layout.
    pub minor: u16,
}

impl Header {
    /// Reads a header from the first bytes of a region.
    ///
    /// The geometry is what *the region* says. A reader goes by what the server told it over gRPC, and holds this
    /// against it; tools that look at a region by itself go by this.
    ///
    /// # Errors
    ///
    /// They are no header, or one of another layout, or one that contradicts itself.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let Some(bytes) = bytes.first_chunk::<{ at::FIXED_BYTES }>() else {
            return Err(HeaderError::Short { found: bytes.len() });
        };
        let found = field(bytes, at::MAGIC);
        if found != MAGIC {
            return Err(HeaderError::Magic { found });
        }
        let found = u16::from_le_bytes(field(bytes, at::ABI));
        if found != ABI.0 {
            return Err(HeaderError::Version { found });
        }
        let found = number(bytes, at::LAYOUT_HASH);
        if found != LAYOUT_HASH {
            return Err(HeaderError::Layout { found });
        }
        let payload_bytes = number(bytes, at::PAYLOAD_BYTES);
        let geometry = Geometry::new(
            u32::from_le_bytes(field(bytes, at::SLOTS)),
            usize::try_from(payload_bytes).unwrap_or(usize::MAX),
            u32::from_le_bytes(field(bytes, at::HISTORY)),
        )?;
        for (name, offset, expected, bytes_long) in derived(&geometry) {
            let found = if bytes_long == 4 {
                u32::from_le_bytes(field(bytes, offset)).into()
            } else {
                number(bytes, offset)
            };
            if found != expected {
                return Err(HeaderError::Field {
                    field: name,
                    expected,
                    found,
                });
            }
        }
        Ok(Self {
            identity: Identity {
                epoch: number(bytes, at::EPOCH),
                channel: number(bytes, at::CHANNEL),
                region: number(bytes, at::REGION),
            },
            geometry,
            minor: u16::from_le_bytes(field(bytes, at::ABI.saturating_add(2))),
        })
    }

    /// The bytes of a header.
    #[must_use]
    pub fn bytes(&self) -> [u8; at::FIXED_BYTES] {
        let mut bytes = [0; at::FIXED_BYTES];
        put(&mut bytes, at::MAGIC, &MAGIC);
        put(&mut bytes, at::ABI, &ABI.0.to_le_bytes());
        put(
            &mut bytes,
            at::ABI.saturating_add(2),
            &self.minor.to_le_bytes(),
        );
        put(&mut bytes, at::EPOCH, &self.identity.epoch.to_le_bytes());
        put(
            &mut bytes,
            at::CHANNEL,
            &self.identity.channel.to_le_bytes(),
        );
        put(&mut bytes, at::REGION, &self.identity.region.to_le_bytes());
        put(&mut bytes, at::SLOTS, &self.geometry.slots().to_le_bytes());
        put(
            &mut bytes,
            at::HISTORY,
            &self.geometry.history().to_le_bytes(),
        );
        let payload_bytes = self.geometry.payload_bytes() as u64;
        put(&mut bytes, at::PAYLOAD_BYTES, &payload_bytes.to_le_bytes());
        put(&mut bytes, at::LAYOUT_HASH, &LAYOUT_HASH.to_le_bytes());
        for (_, offset, value, bytes_long) in derived(&self.geometry) {
            let value = value.to_le_bytes();
            put(
                &mut bytes,
                offset,
                value.get(..bytes_long).unwrap_or_default(),
            );
        }
        bytes
    }
}

/// Name, offset, value and bytes of the fields that follow from the geometry.
fn derived(geometry: &Geometry) -> [(&'static str, usize, u64, usize); 7] {
    [
        ("header_bytes", at::HEADER_BYTES, at::BYTES as u64, 4),
        ("stride", at::STRIDE, geometry.stride() as u64, 8),
        ("ring_at", at::RING_AT, geometry.ring_at() as u64, 8),
        (
            "ring_length",
            at::RING_LENGTH,
            geometry.ring_length().into(),
            4,
        ),
        (
            "slot_headers_at",
            at::SLOT_HEADERS_AT,
            geometry.slot_headers_at() as u64,
            8,
        ),
        (
            "payloads_at",
            at::PAYLOADS_AT,
            geometry.payloads_at() as u64,
            8,
        ),
        (
            "region_bytes",
            at::REGION_BYTES,
            geometry.region_bytes() as u64,
            8,
        ),
    ]
}

/// `N` bytes at an offset; zeros where there are none, which the callers' fixed sizes exclude.
pub(crate) fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk::<N>);
    found.copied().unwrap_or([0; N])
}

pub(crate) fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

/// Puts bytes at an offset; nowhere if they do not fit, which the callers' fixed sizes exclude.
pub(crate) fn put(into: &mut [u8], at: usize, bytes: &[u8]) {
    let end = at.saturating_add(bytes.len());
    if let Some(place) = into.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
}
