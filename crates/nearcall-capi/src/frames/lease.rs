//! A frame that C holds, and what it sees of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nearcall::frames::meta::{SampleFormat, StateKind, Video};
use nearcall::frames::{Frame, Meta};

use super::options::bit;
use super::{NONE, NOTHING_SAID};
use crate::abi::nearcall_meta_kind::{self, *};
use crate::abi::nearcall_sample_format::{NEARCALL_SAMPLE_F32, NEARCALL_SAMPLE_I16};
use crate::abi::nearcall_state_kind::{NEARCALL_STATE_DELTA, NEARCALL_STATE_SNAPSHOT};
use crate::abi::{
    nearcall_audio, nearcall_frame, nearcall_meta, nearcall_rectangle, nearcall_state,
    nearcall_video,
};
use crate::fault::Fault;
use crate::table;
use crate::versioned::Place;

/// A frame that C holds.
#[derive(Debug)]
pub(crate) struct Lease {
    frame: Frame,
    held: Arc<AtomicU32>,
}

impl Lease {
    /// Counts among those that are `held`.
    pub(super) fn new(frame: Frame, held: &Arc<AtomicU32>) -> Self {
        held.fetch_add(1, Ordering::Relaxed);
        Self {
            frame,
            held: Arc::clone(held),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.held.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Hands a frame to C. Its bytes stay where they are for as long as the handle is open.
pub(super) fn hand_out(lease: Arc<Lease>, place: &Place<nearcall_frame>) -> Result<(), Fault> {
    let mut shown = show(&lease.frame);
    shown.lease = table::insert(lease)?;
    place.set(shown);
    Ok(())
}

fn show(frame: &Frame) -> nearcall_frame {
    let (info, bytes) = (frame.info(), frame.bytes());
    let (meta_kind, meta) = show_meta(&info.meta);
    nearcall_frame {
        meta_kind: meta_kind as u32,
        data: bytes.as_ptr(),
        len: bytes.len(),
        seq: info.seq,
        epoch: frame.epoch(),
        captured_ns: info.captured,
        published_ns: info.published,
        lost: frame.lost(),
        tier: bit(frame.tier()),
        has_crc: info.crc.is_some().into(),
        crc: info.crc.unwrap_or(0),
        user: info.user,
        meta,
        ..NONE
    }
}

fn show_meta(said: &Meta) -> (nearcall_meta_kind, nearcall_meta) {
    let mut meta = NONE.meta;
    let kind = match said {
        Meta::Opaque(opaque) => {
            let mut shown = NOTHING_SAID;
            for (place, byte) in shown.bytes.iter_mut().zip(opaque.as_bytes()) {
                *place = *byte;
                shown.len += 1;
            }
            meta.opaque = shown;
            NEARCALL_META_OPAQUE
        }
        Meta::Video(video) => {
            meta.video = show_video(video);
            NEARCALL_META_VIDEO
        }
        Meta::Audio(audio) => {
            meta.audio = nearcall_audio {
                rate: audio.rate,
                channels: audio.channels.into(),
                format: match audio.format {
                    SampleFormat::I16 => NEARCALL_SAMPLE_I16 as u32,
                    SampleFormat::F32 => NEARCALL_SAMPLE_F32 as u32,
                    _ => 0,
                },
                moments: audio.moments,
                pts: audio.pts,
            };
            NEARCALL_META_AUDIO
        }
        Meta::State(state) => {
            meta.state = nearcall_state {
                schema: state.schema,
                base: state.base,
                kind: match state.kind {
                    StateKind::Snapshot => NEARCALL_STATE_SNAPSHOT as u32,
                    StateKind::Delta => NEARCALL_STATE_DELTA as u32,
                    _ => 0,
                },
                reserved: 0,
            };
            NEARCALL_META_STATE
        }
        Meta::Unknown { kind } => {
            meta.unknown = (*kind).into();
            NEARCALL_META_UNKNOWN
        }
        _ => NEARCALL_META_UNKNOWN,
    };
    (kind, meta)
}

fn show_video(video: &Video) -> nearcall_video {
    let mut damage = [nearcall_rectangle::default(); 8];
    let mut damage_count = 0;
    for (place, rectangle) in damage.iter_mut().zip(video.damage()) {
        *place = nearcall_rectangle {
            x: rectangle.x,
            y: rectangle.y,
            width: rectangle.width,
            height: rectangle.height,
        };
        damage_count += 1;
    }
    nearcall_video {
        width: video.width,
        height: video.height,
        stride: video.stride,
        fourcc: video.fourcc,
        damage_count,
        damage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::nearcall_opaque;
    use nearcall::frames::meta::{Opaque, Rectangle};

    #[test]
    fn every_field_of_the_union_is_within_the_one_that_clears_it() {
        assert_eq!(size_of::<nearcall_meta>(), 168);
        for size in [
            size_of::<nearcall_video>(),
            size_of::<nearcall_audio>(),
            size_of::<nearcall_state>(),
        ] {
            assert!(size <= size_of::<nearcall_opaque>());
        }
    }

    #[test]
    fn what_is_said_of_a_frame_is_shown() {
        let rectangle = Rectangle {
            x: 1,
            y: 2,
            width: 3,
            height: 4,
        };
        let video = Video::new(640, 480, 2_560, *b"AB24").with_damage(&[rectangle; 2]);
        let (kind, meta) = show_meta(&Meta::Video(video));
        assert_eq!(kind, NEARCALL_META_VIDEO);
        // SAFETY: the kind says which field was written.
        let video = unsafe { meta.video };
        assert_eq!((video.width, video.stride), (640, 2_560));
        assert_eq!((video.damage_count, video.damage[1].height), (2, 4));

        let (kind, meta) = show_meta(&Meta::Opaque(Opaque::new(b"mine")));
        assert_eq!(kind, NEARCALL_META_OPAQUE);
        // SAFETY: as above.
        let opaque = unsafe { meta.opaque };
        assert_eq!(&opaque.bytes[..opaque.len as usize], b"mine");

        let (kind, meta) = show_meta(&Meta::Unknown { kind: 99 });
        assert_eq!(kind, NEARCALL_META_UNKNOWN);
        // SAFETY: as above.
        assert_eq!(unsafe { meta.unknown }, 99);
    }
}
