//! The sky: its colour by direction, clouds that drift, and the sun.

use crate::colour::Colour;
use crate::noise::{below, octaves, smooth};

/// Points along each side of the clouds, which repeat after them.
const SIDE: usize = 512;

/// What stands above.
#[derive(Debug)]
pub(crate) struct Sky {
    clouds: Vec<f32>,
    sun: [f32; 3],
}

impl Sky {
    pub(crate) fn new(seed: u64, sun: [f32; 3]) -> Self {
        let cloud = |index: usize| {
            let (x, y) = ((index % SIDE) as f32, (index / SIDE) as f32);
            let scale = 8.0 / SIDE as f32;
            let noise = octaves(x * scale, y * scale, 8, 6, seed ^ 0xc10d);
            smooth(((noise - 0.47) * 4.2).clamp(0.0, 1.0))
        };
        Self {
            clouds: (0..SIDE * SIDE).map(cloud).collect(),
            sun,
        }
    }

    /// The colour of the air far away, in a direction on the horizon.
    pub(crate) fn haze(&self, east: f32, south: f32) -> Colour {
        let facing = (east * self.sun[0] + south * self.sun[2]).max(0.0);
        let glow = facing * facing * facing;
        Colour(0.28, 0.36, 0.5).to(Colour(0.86, 0.5, 0.28), glow * 0.8)
    }

    /// The sky without clouds and sun, in a direction of length 1 above the horizon.
    #[inline]
    pub(crate) fn air(haze: Colour, up: f32) -> Colour {
        let part = 1.0 - 1.0 / (1.0 + up * 5.5);
        haze.to(Colour(0.07, 0.16, 0.42), part)
    }

    /// The sky in a direction, which need not have length 1; `up` is above 0.
    #[inline]
    pub(crate) fn at(&self, haze: Colour, direction: [f32; 3], time: f32) -> Colour {
        let [east, up, south] = direction;
        let shorter = 1.0 / (east * east + up * up + south * south).sqrt();
        let air = Self::air(haze, up * shorter);
        let facing = (east * self.sun[0] + up * self.sun[1] + south * self.sun[2]) * shorter;
        let facing = facing.max(0.0);
        let near = facing * facing * facing * facing;
        let nearer = near * near * near * near;
        let nearest = nearer * nearer * nearer * nearer;
        let nearest = nearest * nearest * nearest * nearest;
        let nearest = nearest * nearest;
        let glow =
            Colour(1.0, 0.62, 0.3) * (0.1 * near + 0.3 * nearer) + Colour(7.0, 5.5, 3.4) * nearest;
        // Clouds are a plane above; near the horizon it is far away, and lost in the haze.
        let far = 34.0 / (up * shorter + 0.05);
        let cloud = self.cloud(east * shorter * far + time * 1.1, south * shorter * far);
        let seen = cloud * (1.0 - (far / 520.0).min(1.0)) * 0.85;
        let lit = Colour(0.5, 0.49, 0.55) + Colour(0.8, 0.45, 0.22) * near;
        (air + glow).to(lit, seen)
    }

    #[inline]
    fn cloud(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x * 1.6, y * 1.6);
        let (cell_x, cell_y) = (below(x), below(y));
        let (part_x, part_y) = (x - cell_x as f32, y - cell_y as f32);
        let mask = SIDE as i32 - 1;
        let (left, top) = (cell_x & mask, cell_y & mask);
        let (right, bottom) = ((left + 1) & mask, (top + 1) & mask);
        let at = |x: i32, y: i32| self.clouds[y as usize * SIDE + x as usize];
        let above = at(left, top) + (at(right, top) - at(left, top)) * part_x;
        let below = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * part_x;
        above + (below - above) * part_y
    }
}
