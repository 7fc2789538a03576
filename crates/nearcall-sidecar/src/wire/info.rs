//! What a writer says of a frame.

use nearcall_frames::Info;
use nearcall_frames::meta::{
    Audio, Meta, Opaque, Rectangle, SampleFormat, State, StateKind, Video,
};
use nearcall_proto::frames::v1 as wire;
use wire::frame_info;

/// Stands for meta of a kind that the other side did not know.
const UNKNOWN_KIND: u16 = u16::MAX;

pub(crate) fn write_info(info: &Info) -> wire::FrameInfo {
    wire::FrameInfo {
        seq: info.seq,
        captured_ns: info.captured,
        published_ns: info.published,
        crc: info.crc,
        user: info.user.to_vec(),
        meta: write_meta(&info.meta),
    }
}

/// What a server says of a frame. What does not fit counts as not said.
pub(crate) fn read_info(info: wire::FrameInfo) -> Info {
    Info {
        seq: info.seq,
        captured: info.captured_ns,
        published: info.published_ns,
        crc: info.crc,
        user: info.user.try_into().unwrap_or_default(),
        meta: info
            .meta
            .and_then(read_meta)
            .unwrap_or(Meta::Unknown { kind: UNKNOWN_KIND }),
    }
}

fn write_meta(meta: &Meta) -> Option<frame_info::Meta> {
    Some(match meta {
        Meta::Opaque(opaque) => frame_info::Meta::Opaque(opaque.as_bytes().to_vec()),
        Meta::Video(video) => frame_info::Meta::Video(wire::Video {
            width: video.width,
            height: video.height,
            stride: video.stride,
            fourcc: video.fourcc.to_vec(),
            damage: video.damage().iter().map(write_rectangle).collect(),
        }),
        Meta::Audio(audio) => frame_info::Meta::Audio(wire::Audio {
            rate: audio.rate,
            channels: audio.channels.into(),
            format: match audio.format {
                SampleFormat::I16 => wire::SampleFormat::I16,
                SampleFormat::F32 => wire::SampleFormat::F32,
                _ => wire::SampleFormat::Unspecified,
            }
            .into(),
            pts: audio.pts,
            moments: audio.moments,
        }),
        Meta::State(state) => frame_info::Meta::State(wire::State {
            schema: state.schema,
            base: state.base,
            kind: match state.kind {
                StateKind::Snapshot => wire::StateKind::Snapshot,
                StateKind::Delta => wire::StateKind::Delta,
                _ => wire::StateKind::Unspecified,
            }
            .into(),
        }),
        _ => return None,
    })
}

fn read_meta(meta: frame_info::Meta) -> Option<Meta> {
    Some(match meta {
        frame_info::Meta::Opaque(bytes) => Meta::Opaque(Opaque::new(&bytes)),
        frame_info::Meta::Video(video) => {
            let fourcc = video.fourcc.try_into().ok()?;
            let damage: Vec<_> = video.damage.iter().map(read_rectangle).collect();
            let read = Video::new(video.width, video.height, video.stride, fourcc);
            Meta::Video(read.with_damage(&damage))
        }
        frame_info::Meta::Audio(audio) => Meta::Audio(Audio {
            rate: audio.rate,
            channels: audio.channels.try_into().ok()?,
            format: match wire::SampleFormat::try_from(audio.format).ok()? {
                wire::SampleFormat::I16 => SampleFormat::I16,
                wire::SampleFormat::F32 => SampleFormat::F32,
                wire::SampleFormat::Unspecified => return None,
            },
            pts: audio.pts,
            moments: audio.moments,
        }),
        frame_info::Meta::State(state) => Meta::State(State {
            schema: state.schema,
            base: state.base,
            kind: match wire::StateKind::try_from(state.kind).ok()? {
                wire::StateKind::Snapshot => StateKind::Snapshot,
                wire::StateKind::Delta => StateKind::Delta,
                wire::StateKind::Unspecified => return None,
            },
        }),
    })
}

fn write_rectangle(rectangle: &Rectangle) -> wire::Rectangle {
    let &Rectangle {
        x,
        y,
        width,
        height,
    } = rectangle;
    wire::Rectangle {
        x,
        y,
        width,
        height,
    }
}

fn read_rectangle(rectangle: &wire::Rectangle) -> Rectangle {
    let &wire::Rectangle {
        x,
        y,
        width,
        height,
    } = rectangle;
    Rectangle {
        x,
        y,
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_frame_comes_back_as_it_went() {
        let damage = [Rectangle {
            x: 1,
            y: 2,
            width: 3,
            height: 4,
        }];
        let metas = [
            Meta::Opaque(Opaque::new(b"mine")),
            Meta::Video(Video::new(640, 480, 2_560, *b"AB24").with_damage(&damage)),
            Meta::Audio(Audio {
                rate: 48_000,
                channels: 2,
                format: SampleFormat::F32,
                pts: 7,
                moments: 480,
            }),
            Meta::State(State {
                schema: 1,
                base: 2,
                kind: StateKind::Delta,
            }),
        ];
        for meta in metas {
            let info = Info {
                seq: 9,
                meta,
                captured: 1,
                published: 2,
                crc: Some(3),
                user: [4; 24],
            };
            assert_eq!(read_info(write_info(&info)), info);
        }
    }

    #[test]
    fn what_does_not_fit_counts_as_not_said() {
        let video = wire::Video {
            fourcc: vec![1, 2, 3],
            ..wire::Video::default()
        };
        let info = wire::FrameInfo {
            user: vec![1; 25],
            meta: Some(frame_info::Meta::Video(video)),
            ..wire::FrameInfo::default()
        };
        let read = read_info(info);
        assert_eq!(read.user, [0; 24]);
        assert!(matches!(read.meta, Meta::Unknown { .. }));
    }
}
