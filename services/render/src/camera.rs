//! Where one looks from, at each moment of a scene.

use crate::land::{Land, SEA};

/// Moments in a second of the scene's own time.
const MOMENTS_PER_SECOND: f32 = 60.0;

/// How far one flies in a second.
const SPEED: f32 = 26.0;

/// A place to look from, and where to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Camera {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) height: f32,
    /// Where it looks: 0 is east, and it grows towards south.
    pub(crate) heading: f32,
    /// The horizon's row, as a share of the picture's height from the top.
    pub(crate) horizon: f32,
    /// Seconds since the scene began.
    pub(crate) time: f32,
}

impl Camera {
    /// The view at a moment, the same for the same moment.
    pub(crate) fn at(land: &Land, moment: u64) -> Self {
        // Scenes repeat after 18 hours, before seconds lose their fractions.
        let time = (moment % (1 << 22)) as f32 / MOMENTS_PER_SECOND;
        let x = 512.0 - time * SPEED;
        let y = 512.0 + 190.0 * (time * 0.045).sin();
        // Westwards, into the light, looking to either side now and then.
        let heading = std::f32::consts::PI + 0.36 + 0.34 * (time * 0.11).sin();
        let ahead = land.clearance(x - 30.0, y);
        Self {
            x,
            y,
            height: (SEA + 34.0).max(ahead * 0.9 + 44.0) + 3.0 * (time * 0.5).sin(),
            heading,
            horizon: 0.36 + 0.02 * (time * 0.23).sin(),
            time,
        }
    }
}
