//! The picture in a frame, whichever way its pixels are written.

use nearcall::frames::meta::Video;
use nearcall::frames::{Frame, Meta};

use crate::output;

/// Rows of red, green and blue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// The picture in a frame, whole.
    pub(crate) fn of(frame: &Frame) -> anyhow::Result<Self> {
        let Meta::Video(video) = frame.meta() else {
            return Err(output::failure(
                format!("expected a picture, found {:?}", frame.meta()),
                "`nearcall frames stat` works for every channel",
            ));
        };
        Self::read(video, frame.bytes())
    }

    fn read(video: &Video, bytes: &[u8]) -> anyhow::Result<Self> {
        // The letters of drm_fourcc.h read from the highest byte to the lowest, and memory is the other way around.
        let order = match &video.fourcc {
            b"AB24" | b"XB24" => [0, 1, 2],
            b"AR24" | b"XR24" => [2, 1, 0],
            other => {
                return Err(output::failure(
                    format!(
                        "expected pixels as AB24, XB24, AR24 or XR24, found {:?}",
                        String::from_utf8_lossy(other)
                    ),
                    "save it with a program that knows this format",
                ));
            }
        };
        let mut pixels = Vec::new();
        for y in 0..video.height {
            let row = video.row(bytes, y).unwrap_or_default();
            let row = row.chunks_exact(4).take(video.width as usize);
            pixels.extend(row.map(|pixel| order.map(|part: usize| pixel[part])));
        }
        let expected = u64::from(video.width) * u64::from(video.height);
        if pixels.is_empty() || pixels.len() as u64 != expected {
            return Err(output::failure(
                format!(
                    "expected {expected} pixels of a picture {} by {}, found {}",
                    video.width,
                    video.height,
                    pixels.len()
                ),
                "the writer of the channel says what its frames do not have",
            ));
        }
        Ok(Self {
            width: video.width,
            height: video.height,
            pixels,
        })
    }

    /// The picture as PNG.
    pub(crate) fn png(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        Ok(bytes)
    }

    /// The picture in another size, each pixel the mean of those that it stands for.
    pub(crate) fn scaled(&self, width: u32, height: u32) -> Self {
        let span = |at: u32, of: u32, from: u32| {
            let begin = u64::from(at) * u64::from(from) / u64::from(of);
            let end = (u64::from(at) + 1) * u64::from(from) / u64::from(of);
            begin as usize..(end.max(begin + 1) as usize).min(from as usize)
        };
        let mut pixels = Vec::new();
        for y in 0..height {
            let rows = span(y, height, self.height);
            for x in 0..width {
                let columns = span(x, width, self.width);
                let (mut sums, mut count) = ([0_u32; 3], 0);
                for row in rows.clone() {
                    let start = row * self.width as usize;
                    for pixel in &self.pixels[start + columns.start..start + columns.end] {
                        for (sum, part) in sums.iter_mut().zip(pixel) {
                            *sum += u32::from(*part);
                        }
                        count += 1;
                    }
                }
                pixels.push(sums.map(|sum| (sum / count.max(1)) as u8));
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of two pixels and a stride with room to spare.
    const BYTES: [u8; 24] = [
        1, 2, 3, 255, 4, 5, 6, 255, 0, 0, 0, 0, 7, 8, 9, 255, 10, 11, 12, 255, 0, 0, 0, 0,
    ];

    fn read(fourcc: &[u8; 4]) -> Picture {
        Picture::read(&Video::new(2, 2, 12, *fourcc), &BYTES).unwrap()
    }

    #[test]
    fn pixels_are_read_in_either_order() {
        let red_first = read(b"AB24").pixels;
        assert_eq!(red_first, [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]);
        let blue_first = read(b"XR24").pixels;
        assert_eq!(blue_first, [[3, 2, 1], [6, 5, 4], [9, 8, 7], [12, 11, 10]]);
    }

    #[test]
    fn what_is_not_all_there_is_refused() {
        for video in [
            Video::new(2, 3, 12, *b"AB24"),
            Video::new(4, 2, 12, *b"AB24"),
            Video::new(0, 0, 12, *b"AB24"),
            Video::new(2, 2, 12, *b"NV12"),
        ] {
            assert!(Picture::read(&video, &BYTES).is_err(), "{video:?}");
        }
    }

    #[test]
    fn a_picture_is_scaled_to_its_mean_and_saved_as_it_is() {
        let picture = read(b"AB24");
        assert_eq!(picture.scaled(1, 1).pixels, [[5, 6, 7]]);
        assert_eq!(picture.scaled(2, 2), picture);
        assert_eq!(picture.scaled(4, 1).pixels.len(), 4);
        let png = picture.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut bytes = [0; 12];
        reader.next_frame(&mut bytes).unwrap();
        assert_eq!(bytes.as_slice(), picture.pixels.as_flattened());
    }
}
