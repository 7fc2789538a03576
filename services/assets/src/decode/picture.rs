//! PNG and JPEG to rows of red, green, blue and alpha.

use std::io::Cursor;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::asset::{Asset, LoadError, What};
use crate::limits::{ASSET_BYTES_MAX, SCANS_MAX, SIDE_MAX};

const PIXEL_BYTES: u64 = 4;

/// Held against the limits before a pixel is decoded.
fn check(width: u32, height: u32) -> Result<What, LoadError> {
    if width == 0 || height == 0 {
        return Err(LoadError::corrupt("it has no pixels"));
    }
    LoadError::unless("a picture's side", width.max(height), SIDE_MAX)?;
    let bytes = u64::from(width) * u64::from(height) * PIXEL_BYTES;
    LoadError::unless("a picture's bytes", bytes, ASSET_BYTES_MAX)?;
    Ok(What::Texture { width, height })
}

pub(super) fn png(bytes: &[u8]) -> Result<Asset, LoadError> {
    let limits = png::Limits {
        bytes: ASSET_BYTES_MAX,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(
        png::Transformations::normalize_to_color8() | png::Transformations::ALPHA,
    );
    let header = decoder.read_header_info().map_err(LoadError::corrupt)?;
    let what = check(header.width, header.height)?;
    let mut reader = decoder.read_info().map_err(LoadError::corrupt)?;
    let size = reader.output_buffer_size();
    let size = size.ok_or_else(|| LoadError::corrupt("its size is none"))?;
    LoadError::unless("a picture's bytes", size, ASSET_BYTES_MAX)?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(LoadError::corrupt)?;
    pixels.truncate(frame.buffer_size());
    // What stands after the pixels has checksums too.
    reader.finish().map_err(LoadError::corrupt)?;
    let bytes = match frame.color_type {
        png::ColorType::Rgba => pixels,
        png::ColorType::GrayscaleAlpha => {
            let pairs = pixels.chunks_exact(2);
            pairs
                .flat_map(|pair| [pair[0], pair[0], pair[0], pair[1]])
                .collect()
        }
        other => return Err(LoadError::Unsupported(format!("a PNG of {other:?}"))),
    };
    Ok(Asset { bytes, what })
}

pub(super) fn jpeg(bytes: &[u8]) -> Result<Asset, LoadError> {
    let side = SIDE_MAX as usize;
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGBA)
        .jpeg_set_max_scans(SCANS_MAX)
        .set_max_width(side)
        .set_max_height(side)
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(LoadError::corrupt)?;
    let info = decoder
        .info()
        .ok_or_else(|| LoadError::corrupt("it has no header"))?;
    let what = check(info.width.into(), info.height.into())?;
    let bytes = decoder.decode().map_err(LoadError::corrupt)?;
    Ok(Asset { bytes, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one colour, as PNG.
    fn encoded(width: u32, height: u32, color: png::ColorType, pixel: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(color);
        let mut writer = encoder.write_header().unwrap();
        let pixels = pixel.repeat((width * height) as usize);
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn every_kind_of_pixel_becomes_the_same() {
        let check = |color, pixel: &[u8], expected: [u8; 4]| {
            let asset = png(&encoded(3, 2, color, pixel)).unwrap();
            let (width, height) = (3, 2);
            assert_eq!(asset.what, What::Texture { width, height });
            assert_eq!(asset.bytes, expected.repeat(6), "{color:?}");
        };
        check(png::ColorType::Rgba, &[1, 2, 3, 4], [1, 2, 3, 4]);
        check(png::ColorType::Rgb, &[1, 2, 3], [1, 2, 3, 255]);
        check(png::ColorType::Grayscale, &[7], [7, 7, 7, 255]);
        check(png::ColorType::GrayscaleAlpha, &[7, 8], [7, 7, 7, 8]);
    }

    #[test]
    fn a_small_file_that_says_that_it_is_large_is_refused_before_it_is_decoded() {
        let mut bytes = encoded(1, 1, png::ColorType::Rgba, &[0; 4]);
        // Width and height of the first chunk, and its checksum.
        bytes[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
        let crc = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(
            matches!(png(&bytes), Err(LoadError::TooLarge { .. })),
            "{:?}",
            png(&bytes).err()
        );
    }

    /// CRC-32 as PNG has it.
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let good = encoded(64, 64, png::ColorType::Rgb, &[1, 2, 3]);
        let photo = include_bytes!("../../samples/dunes.jpg");
        assert!(png(&good[..good.len() / 2]).is_err());
        assert!(png(b"no picture").is_err());
        assert!(jpeg(photo).is_ok());
        assert!(jpeg(&photo[..photo.len() / 2]).is_err());
        assert!(jpeg(&good).is_err());
    }
}
