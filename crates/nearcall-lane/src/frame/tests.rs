//! What is written is what is read.

use proptest::prelude::*;

use super::*;

fn metadata() -> impl Strategy<Value = HeaderMap> {
    let entry = (
        prop_oneof!["[a-z]{1,8}", "[a-z]{1,4}-bin"],
        proptest::collection::vec(0x20_u8..0x7f, 0..40),
    );
    proptest::collection::vec(entry, 0..8).prop_map(|entries| {
        let mut metadata = HeaderMap::new();
        for (name, value) in entries {
            let name: http::HeaderName = name.parse().unwrap();
            if crate::metadata::is_reserved(&name) {
                continue;
            }
            let value = if name.as_str().ends_with("-bin") {
                crate::metadata::encode_binary(&value)
            } else {
                http::HeaderValue::from_bytes(&value).unwrap()
            };
            metadata.append(name, value);
        }
        metadata
    })
}

fn frames() -> impl Strategy<Value = Frame> {
    let hello =
        (any::<[u32; 4]>(), any::<[u16; 4]>(), any::<u64>()).prop_map(|(a, b, features)| {
            Frame::Hello(Hello {
                version_min: b[0].min(b[1]),
                version_max: b[0].max(b[1]),
                features,
                limits: Limits {
                    message_bytes: a[0],
                    stream_window: a[1] & CREDIT_MAX,
                    connection_window: a[2] & CREDIT_MAX,
                    calls: a[3],
                    table_entries: b[2],
                    table_bytes: b[3],
                },
            })
        });
    let call = (
        "/[a-z.]{1,20}/[A-Z]{1,5}",
        any::<Option<u32>>(),
        metadata(),
        any::<(bool, bool)>(),
    );
    let call = call.prop_map(|(path, nanos, metadata, (message, last))| Frame::Call {
        call: Box::new(Call {
            path: path.parse().unwrap(),
            timeout: nanos.map(|nanos| Duration::from_nanos(nanos.into())),
            metadata,
        }),
        message,
        last,
    });
    let end = (
        any::<u16>(),
        ".{0,40}",
        any::<[u8; 5]>(),
        proptest::option::of(metadata()),
        metadata(),
        any::<bool>(),
    );
    let end = end.prop_map(
        |(code, text, details, headers, trailers, message)| Frame::End {
            headers: headers.map(Box::new),
            end: Box::new(End {
                code,
                text,
                details: Bytes::copy_from_slice(&details),
                trailers,
            }),
            message,
        },
    );
    let piece = prop_oneof![
        any::<bool>().prop_map(|last| (None, false, last)),
        Just((None, true, false)),
        any::<u32>().prop_map(|total| (Some(total), true, false)),
    ];
    let piece = piece.prop_map(|(total, more, last)| Frame::Piece { total, more, last });
    prop_oneof![
        hello,
        call,
        end,
        piece,
        metadata().prop_map(|metadata| Frame::Headers(Box::new(metadata))),
        Just(Frame::Close),
        Just(Frame::Cancel),
        any::<u32>().prop_map(Frame::Credit),
        any::<u64>().prop_map(Frame::Ping),
        any::<u64>().prop_map(Frame::Pong),
        (any::<u64>(), any::<u16>(), ".{0,40}").prop_map(|(last, code, text)| Frame::GoAway {
            last,
            code,
            text
        }),
    ]
}

fn stream_of(frame: &Frame) -> u64 {
    match frame {
        Frame::Hello(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::GoAway { .. } => 0,
        _ => 7,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        frames in proptest::collection::vec(frames(), 1..12),
        message in proptest::collection::vec(any::<u8>(), 0..50),
        entries in 0_u16..6,
    ) {
        let mut write = WriteTable::new(entries, 60);
        let mut table = ReadTable::new(entries, 60);
        for frame in frames {
            let carries = match &frame {
                Frame::Call { message, .. } | Frame::End { message, .. } => *message,
                Frame::Piece { .. } => true,
                _ => false,
            };
            let message = if carries { &message[..] } else { &[] };
            let mut out = BytesMut::new();
            encode(&mut out, stream_of(&frame), &frame, message.len(), &mut write);
            out.put_slice(message);
            let header = Header::read(&out).unwrap();
            prop_assert_eq!(header.body().unwrap(), out.len() - HEADER_BYTES);
            let kind = header.kind().unwrap().unwrap();
            let (read, left) = decode(kind, header.flags, &out[HEADER_BYTES..], &mut table).unwrap();
            prop_assert_eq!(left, message.len());
            prop_assert_eq!(read, frame);
        }
    }

    #[test]
    fn a_frame_cut_short_is_a_violation_and_never_a_panic(frame in frames(), keep in any::<prop::sample::Index>()) {
        let mut out = BytesMut::new();
        encode(&mut out, stream_of(&frame), &frame, 0, &mut WriteTable::default());
        let header = Header::read(&out).unwrap();
        let body = &out[HEADER_BYTES..];
        let cut = keep.index(body.len().max(1)).min(body.len());
        let kind = header.kind().unwrap().unwrap();
        let mut table = ReadTable::new(8, 1_000);
        let read = decode(kind, header.flags, &body[..cut], &mut table);
        prop_assert_eq!(read.is_ok(), cut == body.len());
    }
}
