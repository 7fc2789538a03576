//! WAV and OGG Vorbis to interleaved samples.

use std::io::Cursor;

use hound::{SampleFormat, WavReader};
use lewton::inside_ogg::OggStreamReader;

use crate::asset::{Asset, LoadError, Sound, What};
use crate::limits::{ASSET_BYTES_MAX, CHANNELS_MAX};

fn check(channels: u16, rate: u32) -> Result<(), LoadError> {
    if channels == 0 || rate == 0 {
        return Err(LoadError::corrupt("it has no samples in a second"));
    }
    LoadError::unless("samples for each moment", channels, CHANNELS_MAX)
}

/// Files of up to 16 bits stay whole numbers, others become floating point: neither loses what can be heard.
pub(super) fn wav(bytes: &[u8]) -> Result<Asset, LoadError> {
    let mut reader = WavReader::new(Cursor::new(bytes)).map_err(LoadError::corrupt)?;
    let spec = reader.spec();
    check(spec.channels, spec.sample_rate)?;
    let is_float = spec.sample_format == SampleFormat::Float || spec.bits_per_sample > 16;
    let width = if is_float { 4 } else { 2 };
    let samples = reader.len() as usize;
    LoadError::unless(
        "a sound's bytes",
        samples.saturating_mul(width),
        ASSET_BYTES_MAX,
    )?;
    let mut out = Vec::with_capacity(samples * width);
    let bits = spec.bits_per_sample;
    match spec.sample_format {
        SampleFormat::Float => {
            for sample in reader.samples::<f32>() {
                out.extend(sample.map_err(LoadError::corrupt)?.to_le_bytes());
            }
        }
        SampleFormat::Int if is_float => {
            let most = (1_u64 << (bits - 1)) as f32;
            for sample in reader.samples::<i32>() {
                let sample = sample.map_err(LoadError::corrupt)? as f32 / most;
                out.extend(sample.to_le_bytes());
            }
        }
        SampleFormat::Int => {
            for sample in reader.samples::<i16>() {
                let sample = sample.map_err(LoadError::corrupt)? << (16 - bits);
                out.extend(sample.to_le_bytes());
            }
        }
    }
    let moments = out.len() / width / usize::from(spec.channels);
    asset(out, spec.sample_rate, spec.channels, is_float, moments)
}

pub(super) fn ogg(bytes: &[u8]) -> Result<Asset, LoadError> {
    let mut reader = OggStreamReader::new(Cursor::new(bytes)).map_err(LoadError::corrupt)?;
    let channels = u16::from(reader.ident_hdr.audio_channels);
    let rate = reader.ident_hdr.audio_sample_rate;
    check(channels, rate)?;
    let mut out: Vec<u8> = Vec::new();
    // How long it is stands nowhere in it: each packet is held against the limit as it comes.
    while let Some(samples) = reader.read_dec_packet_itl().map_err(LoadError::corrupt)? {
        let bytes = out.len() + samples.len() * 2;
        LoadError::unless("a sound's bytes", bytes, ASSET_BYTES_MAX)?;
        out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    }
    if out.is_empty() {
        return Err(LoadError::corrupt("it has no samples"));
    }
    let moments = out.len() / 2 / usize::from(channels);
    asset(out, rate, channels, false, moments)
}

fn asset(
    bytes: Vec<u8>,
    rate: u32,
    channels: u16,
    is_float: bool,
    moments: usize,
) -> Result<Asset, LoadError> {
    let sound = Sound {
        rate,
        channels,
        is_float,
        moments: u32::try_from(moments).map_err(LoadError::corrupt)?,
    };
    let what = What::Sound(sound);
    Ok(Asset { bytes, what })
}

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};

    use super::*;

    fn encoded<S: hound::Sample + Copy>(bits: u16, format: SampleFormat, samples: &[S]) -> Vec<u8> {
        let spec = WavSpec {
            channels: 2,
            sample_rate: 8_000,
            bits_per_sample: bits,
            sample_format: format,
        };
        let mut bytes = Vec::new();
        let mut writer = WavWriter::new(Cursor::new(&mut bytes), spec).unwrap();
        for sample in samples {
            writer.write_sample(*sample).unwrap();
        }
        writer.finalize().unwrap();
        bytes
    }

    #[test]
    fn samples_of_every_width_come_out() {
        let check = |file: &[u8], is_float, expected: &[u8]| {
            let asset = wav(file).unwrap();
            let What::Sound(sound) = asset.what else {
                panic!("expected sound, found {:?}", asset.what);
            };
            assert_eq!((sound.rate, sound.channels, sound.moments), (8_000, 2, 1));
            assert_eq!(sound.is_float, is_float);
            assert_eq!(asset.bytes, expected);
        };
        let whole = [(-256_i16).to_le_bytes(), 512_i16.to_le_bytes()].concat();
        let parts = [(-0.5_f32).to_le_bytes(), 0.25_f32.to_le_bytes()].concat();
        check(&encoded(8, SampleFormat::Int, &[-1_i8, 2]), false, &whole);
        check(
            &encoded(16, SampleFormat::Int, &[-256_i16, 512]),
            false,
            &whole,
        );
        let wide = [-(1_i32 << 22), 1 << 21];
        check(&encoded(24, SampleFormat::Int, &wide), true, &parts);
        check(
            &encoded(32, SampleFormat::Float, &[-0.5_f32, 0.25]),
            true,
            &parts,
        );
    }

    #[test]
    fn vorbis_comes_out_as_long_as_it_is() {
        let asset = ogg(include_bytes!("../../samples/music/chord.ogg")).unwrap();
        let sound = Sound {
            rate: 22_050,
            channels: 2,
            is_float: false,
            moments: 44_100,
        };
        assert_eq!(asset.what, What::Sound(sound));
        assert_eq!(asset.bytes.len(), 44_100 * 2 * 2);
        let loud = asset
            .bytes
            .chunks_exact(2)
            .map(|two| i16::from_le_bytes([two[0], two[1]]));
        assert!(loud.map(i16::unsigned_abs).max() > Some(8_000));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let good = encoded(16, SampleFormat::Int, &[1_i16; 64]);
        assert!(wav(&good[..good.len() - 7]).is_err());
        assert!(wav(b"RIFF....WAVE").is_err());
        assert!(ogg(b"OggS").is_err());
        let vorbis = include_bytes!("../../samples/music/chord.ogg");
        let mut damaged = vorbis.to_vec();
        damaged[5_000..5_100].fill(0x55);
        assert!(ogg(&damaged).is_err());
    }
}
