//! From a landscape and a camera to pixels.
//!
//! Column by column, front to back: each step away from the camera either rises above what is drawn already, and fills the
//! rows between, or is hidden. Columns are drawn a few at a time into memory that stays in the cache, and leave it as
//! pieces of rows.

use crate::camera::Camera;
use crate::colour::Colour;
use crate::land::{Land, SEA};
use crate::sky::Sky;

/// Columns that are drawn together: a piece of a row is then four lines of the cache.
const TOGETHER: usize = 64;

/// How far one sees.
const FAR: f32 = 1_150.0;

/// Up to here heights are blended between points; further away nobody sees the difference.
const NEAR: f32 = 260.0;

/// Bytes of a pixel.
pub(crate) const PIXEL_BYTES: usize = 4;

/// A landscape with its sky.
#[derive(Debug)]
pub(crate) struct Scene {
    land: Land,
    sky: Sky,
}

impl Scene {
    pub(crate) fn new(seed: u64) -> Self {
        let land = Land::new(seed);
        let sky = Sky::new(seed, land.sun);
        Self { land, sky }
    }

    /// Draws a moment of the scene into the first bytes of `picture`, row by row.
    ///
    /// # Panics
    ///
    /// It has room for fewer pixels.
    pub(crate) fn draw(&self, moment: u64, (width, height): (usize, usize), picture: &mut [u8]) {
        let camera = Camera::at(&self.land, moment);
        let mut columns = vec![[0; PIXEL_BYTES]; TOGETHER * height];
        for first in (0..width).step_by(TOGETHER) {
            let count = TOGETHER.min(width - first);
            for (column, pixels) in columns.chunks_exact_mut(height).take(count).enumerate() {
                View::new(self, &camera, first + column, width, height).draw(pixels);
            }
            for row in 0..height {
                let at = (row * width + first) * PIXEL_BYTES;
                let piece = &mut picture[at..at + count * PIXEL_BYTES];
                for (column, pixel) in piece.chunks_exact_mut(PIXEL_BYTES).enumerate() {
                    pixel.copy_from_slice(&columns[column * height + row]);
                }
            }
        }
    }
}

/// What one column of the picture shows.
struct View<'a> {
    scene: &'a Scene,
    camera: &'a Camera,
    /// The direction, as far as the picture's plane: east and south.
    ray: (f32, f32),
    haze: Colour,
    horizon: f32,
    /// Rows for one unit of height at one unit of distance.
    scale: f32,
}

impl<'a> View<'a> {
    fn new(
        scene: &'a Scene,
        camera: &'a Camera,
        column: usize,
        width: usize,
        height: usize,
    ) -> Self {
        let (sin, cos) = camera.heading.sin_cos();
        // A picture as wide as 16 to 9 shows 80 degrees.
        let scale = height as f32 * 1.06;
        let aside = (column as f32 + 0.5 - width as f32 / 2.0) / scale;
        let ray = (cos - aside * sin, sin + aside * cos);
        let length = (ray.0 * ray.0 + ray.1 * ray.1).sqrt();
        Self {
            scene,
            camera,
            ray,
            haze: scene.sky.haze(ray.0 / length, ray.1 / length),
            horizon: height as f32 * camera.horizon,
            scale,
        }
    }

    /// Fills the column, top first.
    fn draw(&self, pixels: &mut [[u8; PIXEL_BYTES]]) {
        let top = self.draw_land(pixels);
        for (row, pixel) in pixels.iter_mut().enumerate().take(top) {
            let up = ((self.horizon - row as f32) / self.scale).max(0.001);
            let direction = [self.ray.0, up, self.ray.1];
            let sky = self.scene.sky.at(self.haze, direction, self.camera.time);
            *pixel = sky.bytes();
        }
    }

    /// Fills what land and water cover, and answers the first row below the sky.
    fn draw_land(&self, pixels: &mut [[u8; PIXEL_BYTES]]) -> usize {
        let mut top = pixels.len();
        let (mut distance, mut step) = (8.0_f32, 0.6_f32);
        let mut before: Option<Colour> = None;
        while distance < FAR && top > 0 {
            let (x, y) = (
                self.camera.x + self.ray.0 * distance,
                self.camera.y + self.ray.1 * distance,
            );
            let land = &self.scene.land;
            let height = if distance < NEAR {
                land.height_between(x, y)
            } else {
                land.height(x, y)
            };
            let row = self.horizon + (self.camera.height - height) / distance * self.scale;
            let row = (row.max(0.0) as usize).min(pixels.len());
            if row < top {
                let seen = self.through_air(self.colour(height, x, y, distance), distance);
                fill(&mut pixels[row..top], seen, before.unwrap_or(seen));
                (top, before) = (row, Some(seen));
            } else {
                // Behind a crest there is an edge, and no blend across it.
                before = None;
            }
            distance += step;
            step = (distance * 0.009).max(0.6);
        }
        top
    }

    fn colour(&self, height: f32, x: f32, y: f32, distance: f32) -> Colour {
        let land = &self.scene.land;
        let ground = if distance < NEAR {
            land.colour_between(x, y)
        } else {
            land.colour(x, y)
        };
        if height > SEA + 0.02 {
            return ground;
        }
        let time = self.camera.time;
        // Waves lean the water's surface a little, less so the further away.
        let wave = (x * 0.9 + time * 2.1).sin() + (y * 1.3 - time * 1.7 + x * 0.4).sin();
        let fine = (x * 3.1 - y * 2.3 + time * 4.0).sin();
        let lean = (wave + fine * 0.6) * 0.028 / (1.0 + distance * 0.004);
        let down = (self.camera.height - SEA) / distance;
        let up = (down + lean).max(0.01);
        let direction = [self.ray.0, up, self.ray.1];
        let mirrored = self.scene.sky.at(self.haze, direction, time);
        // The flatter one looks at it, the more it mirrors.
        let flat = 1.0 - (down / (1.0 + down * down).sqrt()).min(1.0);
        let flat = flat * flat;
        ground.to(mirrored, 0.06 + 0.84 * flat * flat)
    }

    fn through_air(&self, colour: Colour, distance: f32) -> Colour {
        let clear = 1.0 - distance / FAR;
        let fog = 1.0 - clear.max(0.0) / (1.0 + distance * 0.0009);
        colour.to(self.haze, fog * fog)
    }
}

/// Rows from `above`, at their top, to `below`.
#[inline]
fn fill(rows: &mut [[u8; PIXEL_BYTES]], above: Colour, below: Colour) {
    if let [one] = rows {
        *one = above.bytes();
        return;
    }
    let part = 1.0 / rows.len() as f32;
    for (row, pixel) in rows.iter_mut().enumerate() {
        *pixel = above.to(below, row as f32 * part).bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (160, 90);

    fn picture(scene: &Scene, moment: u64) -> Vec<u8> {
        let mut bytes = vec![0; SIZE.0 * SIZE.1 * PIXEL_BYTES];
        scene.draw(moment, SIZE, &mut bytes);
        bytes
    }

    #[test]
    fn the_same_seed_and_moment_give_the_same_picture_and_others_do_not() {
        let (one, other) = (Scene::new(1), Scene::new(2));
        let first = picture(&one, 60);
        assert!(first == picture(&Scene::new(1), 60));
        assert!(first != picture(&one, 90), "it moves");
        assert!(first != picture(&other, 60), "it is another land");
    }

    #[test]
    fn every_pixel_is_drawn_and_the_picture_has_much_to_see() {
        let bytes = picture(&Scene::new(1), 60);
        let pixels: Vec<_> = bytes.chunks_exact(PIXEL_BYTES).collect();
        assert!(pixels.iter().all(|pixel| pixel[3] == 255));
        let colours: std::collections::HashSet<_> = pixels.into_iter().collect();
        assert!(colours.len() > 2_000, "only {} colours", colours.len());
    }
}
