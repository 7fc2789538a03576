//! Colours in light, and as bytes.

use std::ops::{Add, Mul};

/// Red, green, blue; 1 is as bright as a screen gets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Colour(pub(crate) f32, pub(crate) f32, pub(crate) f32);

impl Colour {
    pub(crate) fn to(self, other: Self, part: f32) -> Self {
        self * (1.0 - part) + other * part
    }

    pub(crate) fn lit(self, light: Self) -> Self {
        Self(self.0 * light.0, self.1 * light.1, self.2 * light.2)
    }

    /// R, G, B, A. What is brighter than a screen fades into white rather than being cut.
    #[inline]
    pub(crate) fn bytes(self) -> [u8; 4] {
        let byte = |light: f32| {
            let shown = light / (0.35 + light.max(0.0)) * 1.35;
            (shown * 255.0).clamp(0.0, 255.0) as u8
        };
        [byte(self.0), byte(self.1), byte(self.2), 255]
    }
}

impl Add for Colour {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1, self.2 + other.2)
    }
}

impl Mul<f32> for Colour {
    type Output = Self;

    fn mul(self, by: f32) -> Self {
        Self(self.0 * by, self.1 * by, self.2 * by)
    }
}
