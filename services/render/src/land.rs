//! The landscape: heights, and colours with the sun already on them. Made once for a seed.

use crate::colour::Colour;
use crate::noise::{below, blend, octaves, ridges, smooth};

/// Points along each side; the landscape repeats after them.
pub(crate) const SIDE: usize = 1_024;

/// Where water stands.
pub(crate) const SEA: f32 = 34.0;

/// How high the highest peak could be.
const PEAK: f32 = 205.0;

/// Points along each side of the map that the camera flies over.
const COARSE: usize = 32;

/// A landscape.
#[derive(Debug)]
pub(crate) struct Land {
    /// Apart from the colours: of most points only the height is asked, to find that something hides them.
    heights: Vec<f32>,
    colours: Vec<Colour>,
    /// The highest of each part of it, smoothed.
    coarse: Vec<f32>,
    /// Where the sun stands, as a direction of length 1: east, up, south.
    pub(crate) sun: [f32; 3],
}

impl Land {
    pub(crate) fn new(seed: u64) -> Self {
        let heights = heights(seed);
        let sun = sun();
        let shade = shadows(&heights, sun);
        let colours = (0..SIDE * SIDE)
            .map(|index| colour(&heights, index, shade[index], sun, seed))
            .collect();
        Self {
            coarse: coarse(&heights),
            heights: heights.into_iter().map(|height| height.max(SEA)).collect(),
            colours,
            sun,
        }
    }

    /// The height at a place, water included, as of the nearest point.
    #[inline]
    pub(crate) fn height(&self, x: f32, y: f32) -> f32 {
        self.heights[place(x as i32, y as i32)]
    }

    /// The height at a place, between four points: for what is near.
    #[inline]
    pub(crate) fn height_between(&self, x: f32, y: f32) -> f32 {
        let ([one, two, three, four], part_x, part_y) = around(x, y);
        let top = blend(self.heights[one], self.heights[two], part_x);
        blend(
            top,
            blend(self.heights[three], self.heights[four], part_x),
            part_y,
        )
    }

    /// The colour at a place, as of the nearest point.
    #[inline]
    pub(crate) fn colour(&self, x: f32, y: f32) -> Colour {
        self.colours[place(x as i32, y as i32)]
    }

    /// The colour at a place, between four points: for what is near.
    #[inline]
    pub(crate) fn colour_between(&self, x: f32, y: f32) -> Colour {
        let ([one, two, three, four], part_x, part_y) = around(x, y);
        let top = self.colours[one].to(self.colours[two], part_x);
        top.to(self.colours[three].to(self.colours[four], part_x), part_y)
    }

    /// How high one flies here so as to touch nothing, without bumps.
    pub(crate) fn clearance(&self, x: f32, y: f32) -> f32 {
        let scale = COARSE as f32 / SIDE as f32;
        let (x, y) = (x * scale - 0.5, y * scale - 0.5);
        let (cell_x, cell_y) = (x.floor(), y.floor());
        let (part_x, part_y) = (smooth(x - cell_x), smooth(y - cell_y));
        let at = |right: i32, down: i32| {
            let wrap = |at: i32| at.rem_euclid(COARSE as i32) as usize;
            self.coarse[wrap(cell_y as i32 + down) * COARSE + wrap(cell_x as i32 + right)]
        };
        let top = blend(at(0, 0), at(1, 0), part_x);
        let bottom = blend(at(0, 1), at(1, 1), part_x);
        blend(top, bottom, part_y)
    }
}

/// The four points around a place, row by row, and how far it is on the way from each to the next.
#[inline]
fn around(x: f32, y: f32) -> ([usize; 4], f32, f32) {
    let (left, top) = (below(x), below(y));
    let points = [
        place(left, top),
        place(left + 1, top),
        place(left, top + 1),
        place(left + 1, top + 1),
    ];
    (points, x - left as f32, y - top as f32)
}

#[inline]
fn place(x: i32, y: i32) -> usize {
    let mask = SIDE as i32 - 1;
    (y & mask) as usize * SIDE + (x & mask) as usize
}

/// Low in the west: long shadows, and the camera flies towards it.
fn sun() -> [f32; 3] {
    let (east, up, south) = (-0.86_f32, 0.36, -0.36);
    let length = (east * east + up * up + south * south).sqrt();
    [east / length, up / length, south / length]
}

fn heights(seed: u64) -> Vec<f32> {
    let mut heights = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (x, y) = (x as f32 / SIDE as f32, y as f32 / SIDE as f32);
            let plain = octaves(x * 4.0, y * 4.0, 4, 6, seed);
            let mountains = ridges(x * 4.0, y * 4.0, 4, 6, seed ^ 0x51ed);
            let where_mountains = smooth(((plain - 0.42) * 3.4).clamp(0.0, 1.0));
            let low = (plain - 0.2) * 0.42;
            heights.push((low + mountains * where_mountains * 0.85) * PEAK);
        }
    }
    heights
}

/// How much of the sun is hidden at each point, 0 to 1. The sun shines along a line that crosses the columns one after the
/// other, so the shadow's edge is carried from each to the next, sinking as fast as the sun's rays do.
fn shadows(heights: &[f32], sun: [f32; 3]) -> Vec<f32> {
    let along = 1.0 / sun[0].abs();
    let (sinks, shifts) = (sun[1] * along, sun[2] * along);
    let mut edge = vec![f32::MIN; SIDE];
    let mut shade = vec![0.0; SIDE * SIDE];
    // Twice around, since the land repeats and has no first column.
    for step in 0..2 * SIDE {
        let x = step % SIDE;
        let before = edge.clone();
        for y in 0..SIDE {
            let from = y as f32 + shifts;
            let (cell, part) = (from.floor(), from - from.floor());
            let at = |row: i32| before[row.rem_euclid(SIDE as i32) as usize];
            let carried = blend(at(cell as i32), at(cell as i32 + 1), part) - sinks;
            let height = heights[y * SIDE + x];
            shade[y * SIDE + x] = smooth(((carried - height) / 5.0).clamp(0.0, 1.0));
            edge[y] = carried.max(height);
        }
    }
    shade
}

fn colour(heights: &[f32], index: usize, shade: f32, sun: [f32; 3], seed: u64) -> Colour {
    let (x, y) = ((index % SIDE) as i32, (index / SIDE) as i32);
    let height = heights[index];
    let east = heights[place(x + 1, y)] - heights[place(x - 1, y)];
    let south = heights[place(x, y + 1)] - heights[place(x, y - 1)];
    let length = (east * east + south * south + 4.0).sqrt();
    let normal = [-east / length, 2.0 / length, -south / length];
    if height < SEA {
        // How deep it is shows through; what it mirrors is drawn with the picture.
        let depth = ((SEA - height) / 26.0).clamp(0.0, 1.0);
        return Colour(0.05, 0.19, 0.2).to(Colour(0.008, 0.05, 0.1), depth.sqrt());
    }
    let (place_x, place_y) = (x as f32 / SIDE as f32, y as f32 / SIDE as f32);
    let grain = octaves(place_x * 64.0, place_y * 64.0, 64, 3, seed ^ 0xa11);
    let sand = Colour(0.52, 0.41, 0.25);
    let grass = Colour(0.10, 0.19, 0.045).to(Colour(0.25, 0.25, 0.07), grain);
    let wood = Colour(0.035, 0.085, 0.03);
    let rock = Colour(0.26, 0.2, 0.17).to(Colour(0.16, 0.13, 0.12), grain);
    let snow = Colour(0.82, 0.86, 0.95);
    let between = |from: f32, to: f32, at: f32| smooth(((at - from) / (to - from)).clamp(0.0, 1.0));
    let up = height - SEA + (grain - 0.5) * 26.0;
    let mut ground = sand.to(grass, between(1.0, 9.0, up));
    ground = ground.to(
        wood,
        between(10.0, 34.0, up) * between(0.45, 0.6, grain) * 0.9,
    );
    ground = ground.to(
        rock,
        between(0.86, 0.70, normal[1]).max(between(58.0, 92.0, up)),
    );
    ground = ground.to(
        snow,
        between(84.0, 116.0, up) * between(0.5, 0.72, normal[1]),
    );
    let facing = normal[0] * sun[0] + normal[1] * sun[1] + normal[2] * sun[2];
    let light = Colour(2.5, 1.75, 1.05) * (facing.max(0.0) * (1.0 - shade))
        + Colour(0.26, 0.36, 0.56) * (0.55 + 0.45 * normal[1]);
    ground.lit(light)
}

fn coarse(heights: &[f32]) -> Vec<f32> {
    let step = SIDE / COARSE;
    let mut highest = vec![SEA; COARSE * COARSE];
    for (index, height) in heights.iter().enumerate() {
        let (x, y) = (index % SIDE / step, index / SIDE / step);
        let place = &mut highest[y * COARSE + x];
        *place = place.max(*height);
    }
    // Each becomes what its neighbours reach, then what they are on average: no wall comes up suddenly.
    let nearby = |from: &[f32], join: &dyn Fn(f32, f32) -> f32, start: f32| -> Vec<f32> {
        let wrap = |at: usize, by: usize| (at + COARSE + by - 1) % COARSE;
        (0..COARSE * COARSE)
            .map(|index| {
                let (x, y) = (index % COARSE, index / COARSE);
                let near = (0..9).map(|near| from[wrap(y, near / 3) * COARSE + wrap(x, near % 3)]);
                near.fold(start, join)
            })
            .collect()
    };
    let highest = nearby(&highest, &f32::max, SEA);
    let sums = nearby(&highest, &|sum, height| sum + height / 9.0, 0.0);
    nearby(&sums, &|sum, height| sum + height / 9.0, 0.0)
}
