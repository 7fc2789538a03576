//! Pictures.

use super::Encoded;
use crate::header::field;
use crate::layout::kind;
use crate::limits::DAMAGE_MAX;

/// Bytes before the rectangles.
const FIXED_BYTES: usize = 32;
const RECTANGLE_BYTES: usize = 16;

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rectangle {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// A picture: `height` rows of `stride` bytes each, top first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Video {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row to the next.
    pub stride: u32,
    /// How pixels are written: a code of `drm_fourcc.h`, such as `*b"XR24"` for bytes B, G, R, unused.
    pub fourcc: [u8; 4],
    /// **Invariant:** at most [`DAMAGE_MAX`].
    damaged: usize,
    damage: [Rectangle; DAMAGE_MAX],
}

impl Video {
    /// A picture of which everything may have changed.
    #[must_use]
    pub fn new(width: u32, height: u32, stride: u32, fourcc: [u8; 4]) -> Self {
        Self {
            width,
            height,
            stride,
            fourcc,
            damaged: 0,
            damage: [Rectangle::default(); DAMAGE_MAX],
        }
    }

    /// Says what changed since the frame before. More rectangles than [`DAMAGE_MAX`] count as everything.
    #[must_use]
    pub fn with_damage(mut self, rectangles: &[Rectangle]) -> Self {
        let fits = rectangles.len() <= DAMAGE_MAX;
        self.damaged = if fits { rectangles.len() } else { 0 };
        for (place, rectangle) in self.damage.iter_mut().zip(rectangles) {
            *place = if fits {
                *rectangle
            } else {
                Rectangle::default()
            };
        }
        self
    }

    /// What changed since the frame before; none means that everything may have. They are the writer's word: a
    /// rectangle may reach beyond the picture.
    #[must_use]
    pub fn damage(&self) -> &[Rectangle] {
        self.damage.get(..self.damaged).unwrap_or_default()
    }

    /// Row `y` of a payload, all `stride` bytes of it, if the payload has that row.
    #[must_use]
    pub fn row<'a>(&self, payload: &'a [u8], y: u32) -> Option<&'a [u8]> {
        let stride = usize::try_from(self.stride).ok()?;
        let start = stride.checked_mul(usize::try_from(y).ok()?)?;
        let end = start.checked_add(stride)?;
        payload.get(start..end).filter(|_| y < self.height)
    }

    pub(super) fn encode(&self) -> Encoded {
        let rectangles = self.damaged.saturating_mul(RECTANGLE_BYTES);
        let length = u16::try_from(FIXED_BYTES.saturating_add(rectangles)).unwrap_or(0);
        let mut encoded = Encoded::new(kind::VIDEO, length);
        encoded.put(0, &self.width.to_le_bytes());
        encoded.put(4, &self.height.to_le_bytes());
        encoded.put(8, &self.stride.to_le_bytes());
        encoded.put(12, &self.fourcc);
        let damaged = u32::try_from(self.damaged).unwrap_or(0);
        encoded.put(16, &damaged.to_le_bytes());
        let mut at = FIXED_BYTES;
        for rectangle in self.damage() {
            let Rectangle {
                x,
                y,
                width,
                height,
            } = rectangle;
            for (index, number) in [x, y, width, height].into_iter().enumerate() {
                encoded.put(
                    at.saturating_add(index.saturating_mul(4)),
                    &number.to_le_bytes(),
                );
            }
            at = at.saturating_add(RECTANGLE_BYTES);
        }
        encoded
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let fixed = bytes.first_chunk::<FIXED_BYTES>()?;
        let number = |at| u32::from_le_bytes(field(fixed, at));
        let damaged = usize::try_from(number(16)).ok()?;
        if damaged > DAMAGE_MAX {
            return None;
        }
        let mut video = Self::new(number(0), number(4), number(8), field(fixed, 12));
        let mut rest = bytes.get(FIXED_BYTES..)?;
        for place in video.damage.iter_mut().take(damaged) {
            let (rectangle, others) = rest.split_first_chunk::<RECTANGLE_BYTES>()?;
            let number = |at| u32::from_le_bytes(field(rectangle, at));
            *place = Rectangle {
                x: number(0),
                y: number(4),
                width: number(8),
                height: number(12),
            };
            rest = others;
        }
        video.damaged = damaged;
        Some(video)
    }
}
