//! What is written is what is read, and anything may be read.

use proptest::prelude::*;

use super::*;

fn rectangle() -> impl Strategy<Value = Rectangle> {
    any::<[u32; 4]>().prop_map(|[x, y, width, height]| Rectangle {
        x,
        y,
        width,
        height,
    })
}

fn metas() -> impl Strategy<Value = Meta> {
    let opaque = proptest::collection::vec(any::<u8>(), 0..=META_BYTES)
        .prop_map(|bytes| Meta::Opaque(Opaque::new(&bytes)));
    let damage = proptest::collection::vec(rectangle(), 0..=crate::limits::DAMAGE_MAX);
    let video = (any::<[u32; 3]>(), any::<[u8; 4]>(), damage).prop_map(|(size, fourcc, damage)| {
        Meta::Video(Video::new(size[0], size[1], size[2], fourcc).with_damage(&damage))
    });
    let audio =
        any::<(u32, u16, bool, u64, u32)>().prop_map(|(rate, channels, wide, pts, moments)| {
            let format = if wide {
                SampleFormat::F32
            } else {
                SampleFormat::I16
            };
            Meta::Audio(Audio {
                rate,
                channels,
                format,
                pts,
                moments,
            })
        });
    let state = any::<(u64, u64, bool)>().prop_map(|(schema, base, delta)| {
        let kind = if delta {
            StateKind::Delta
        } else {
            StateKind::Snapshot
        };
        Meta::State(State { schema, base, kind })
    });
    prop_oneof![opaque, video, audio, state]
}

proptest! {
    #[test]
    fn meta_survives_the_header(meta in metas()) {
        let encoded = meta.encode();
        prop_assert!(encoded.bytes().len() <= META_BYTES);
        prop_assert_eq!(Meta::parse(encoded.kind, encoded.bytes()), meta);
    }

    #[test]
    fn any_bytes_are_some_meta(kind in 0_u16..6, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let meta = Meta::parse(kind, &bytes);
        let encoded = meta.encode();
        prop_assert_eq!(Meta::parse(encoded.kind, encoded.bytes()), meta);
        if let Meta::Video(video) = meta {
            prop_assert!(video.damage().len() <= crate::limits::DAMAGE_MAX);
            let _ = video.row(&bytes, video.height.saturating_sub(1));
        }
    }
}

#[test]
fn rows_end_where_the_payload_does() {
    let video = Video::new(1, 3, 4, *b"XR24");
    let payload = [1, 1, 1, 1, 2, 2, 2, 2, 3];
    assert_eq!(video.row(&payload, 1), Some(&[2; 4][..]));
    assert_eq!(video.row(&payload, 2), None, "the payload is short");
    assert_eq!(video.row(&[0; 64], 3), None, "there is no such row");
    assert_eq!(
        Video::new(1, u32::MAX, u32::MAX, *b"XR24").row(&payload, u32::MAX - 1),
        None
    );
}

#[test]
fn too_much_damage_is_damage_everywhere() {
    let video = Video::new(1, 1, 4, *b"XR24");
    assert_eq!(video.with_damage(&[Rectangle::default(); 9]).damage(), &[]);
    assert_eq!(
        video.with_damage(&[Rectangle::default(); 8]).damage().len(),
        8
    );
}
