//! Smooth noise on a lattice that repeats, the same for the same seed.

/// One number from many, well mixed.
pub(crate) fn mix(x: u32, y: u32, seed: u64) -> u32 {
    let mut word = seed ^ (u64::from(x) << 32 | u64::from(y)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (word >> 32) as u32
}

/// Between 0 and 1, smooth; repeats after `period` lattice points, a power of two.
fn value(x: f32, y: f32, period: u32, seed: u64) -> f32 {
    let (cell_x, cell_y) = (x.floor(), y.floor());
    let (part_x, part_y) = (smooth(x - cell_x), smooth(y - cell_y));
    let corner = |right: i32, down: i32| {
        let x = (cell_x as i32 + right) as u32 & (period - 1);
        let y = (cell_y as i32 + down) as u32 & (period - 1);
        (mix(x, y, seed) >> 8) as f32 / 16_777_216.0
    };
    let top = blend(corner(0, 0), corner(1, 0), part_x);
    let bottom = blend(corner(0, 1), corner(1, 1), part_x);
    blend(top, bottom, part_y)
}

/// Octaves of noise, each half as strong and twice as fine; between 0 and 1.
pub(crate) fn octaves(x: f32, y: f32, period: u32, count: u32, seed: u64) -> f32 {
    let (mut sum, mut weight, mut total, mut scale) = (0.0, 1.0, 0.0, 1.0);
    for octave in 0..count {
        let period = period << octave;
        sum += weight * value(x * scale, y * scale, period, seed + u64::from(octave));
        total += weight;
        weight *= 0.5;
        scale *= 2.0;
    }
    sum / total
}

/// As [`octaves`], with crests where the noise crosses its middle: mountains rather than hills.
pub(crate) fn ridges(x: f32, y: f32, period: u32, count: u32, seed: u64) -> f32 {
    let (mut sum, mut weight, mut total, mut scale) = (0.0, 1.0, 0.0, 1.0);
    let mut before = 1.0;
    for octave in 0..count {
        let noise = value(
            x * scale,
            y * scale,
            period << octave,
            seed + u64::from(octave),
        );
        let crest = 1.0 - (2.0 * noise - 1.0).abs();
        let crest = crest * crest * before;
        sum += weight * crest;
        total += weight;
        // Fine detail belongs on the crests; valleys stay smooth.
        before = (crest * 1.6).min(1.0);
        weight *= 0.5;
        scale *= 2.0;
    }
    sum / total
}

pub(crate) fn smooth(part: f32) -> f32 {
    part * part * (3.0 - 2.0 * part)
}

pub(crate) fn blend(from: f32, to: f32, part: f32) -> f32 {
    from + (to - from) * part
}

/// The whole number below. A cast and a comparison, where `floor` is a call on processors without SSE 4.1.
#[inline]
pub(crate) fn below(x: f32) -> i32 {
    let cast = x as i32;
    cast - i32::from(x < cast as f32)
}
