//! What holds for any bytes, any split, any headers.

use httlib_hpack::Encoder;
use nearcall_transport::authority::{Filter, Healed, heal};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::server::{Outcome, Seen, serve};
use crate::wire::{Framing, connection, filtered, frame, opening, size_update, whole};

/// A request as a client means it.
#[derive(Debug, Clone)]
struct Request {
    authority: Vec<u8>,
    authority_flags: u8,
    path: String,
    fields: Vec<(String, String, u8)>,
    /// A new size of the dynamic table, said before the request.
    resize: Option<u32>,
}

/// How `httlib-hpack` is told to code a field: Huffman for name and value, one of three spellings, the table or not.
fn flags() -> impl Strategy<Value = u8> {
    (
        0..4_u8,
        select(vec![0_u8, 0x4, 0x4, 0x8]),
        select(vec![0_u8, 0x10]),
    )
        .prop_map(|(huffman, spelling, best)| huffman | spelling | best)
}

fn bad_authority() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        "[a-z0-9%/. \\\\:@\\[\\]-]{1,60}".prop_map(String::into_bytes),
        "\\PC{1,20}".prop_map(String::into_bytes),
        vec(any::<u8>(), 1..40),
        Just(b"run%2Fnearcall%2Farena.sock".to_vec()),
    ];
    bytes.prop_filter("a URI authority", |bytes| *heal(bytes) != bytes[..])
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let request = (bad_authority(), flags(), any::<bool>(), any::<bool>()).prop_flat_map(
        |(authority, authority_flags, ..)| {
            let path = select(vec![
                "/",
                "/arith.v1.Arith/Multiply",
                "/grpc.health.v1.Health/Check",
            ]);
            let name = select(vec![
                "te",
                "content-type",
                "x-trace",
                "x-match-id",
                "cookie",
            ]);
            let field = (name, "[ -~]{0,80}", flags()).prop_map(|(name, value, flags)| {
                let value = if name == "te" {
                    "trailers".to_owned()
                } else {
                    value.trim().to_owned()
                };
                (name.to_owned(), value, flags)
            });
            let resize = proptest::option::weighted(0.2, 0..300_u32);
            (
                Just(authority),
                Just(authority_flags),
                path,
                vec(field, 0..5),
                resize,
            )
        },
    );
    let request = request.prop_map(
        |(authority, authority_flags, path, fields, resize)| Request {
            authority,
            authority_flags,
            path: path.to_owned(),
            fields,
            resize,
        },
    );
    // One client has few authorities, so that later requests refer to the table.
    (vec(request, 1..8), any::<bool>()).prop_map(|(mut requests, one)| {
        if one {
            let (authority, flags) = (requests[0].authority.clone(), requests[0].authority_flags);
            for request in &mut requests {
                (request.authority, request.authority_flags) = (authority.clone(), flags);
            }
        }
        requests
    })
}

fn framing() -> impl Strategy<Value = Framing> {
    (
        proptest::option::of(any::<u8>()),
        any::<bool>(),
        vec(0..120_usize, 0..3),
    )
        .prop_map(|(padding, priority, mut cuts)| {
            cuts.sort_unstable();
            Framing {
                padding,
                priority,
                cuts,
            }
        })
}

/// The connection that a client makes of its requests.
fn encoded(requests: &[Request], framing: &Framing) -> Vec<u8> {
    let mut encoder = Encoder::with_dynamic_size(4096);
    let blocks = requests
        .iter()
        .map(|request| {
            let mut block = Vec::new();
            if let Some(size) = request.resize {
                block.extend(size_update(size as usize));
                encoder
                    .update_max_dynamic_size(size, &mut Vec::new())
                    .unwrap();
            }
            let mut field = |name: &str, value: &[u8], flags| {
                encoder
                    .encode(
                        (name.as_bytes().to_vec(), value.to_vec(), flags),
                        &mut block,
                    )
                    .unwrap();
            };
            field(":method", b"POST", 0x10);
            field(":authority", &request.authority, request.authority_flags);
            field(":scheme", b"http", 0x10);
            field(":path", request.path.as_bytes(), 0x4 | 0x10);
            for (name, value, flags) in &request.fields {
                field(name, value.as_bytes(), *flags);
            }
            block
        })
        .collect::<Vec<_>>();
    connection(framing, &blocks)
}

fn expected(requests: &[Request]) -> Vec<Seen> {
    let seen = requests.iter().map(|request| {
        let mut fields = http::HeaderMap::new();
        for (name, value, _) in &request.fields {
            fields.append(
                http::HeaderName::try_from(name).unwrap(),
                http::HeaderValue::from_str(value).unwrap(),
            );
        }
        Seen {
            authority: Some(String::from_utf8(heal(&request.authority).into_owned()).unwrap()),
            path: request.path.clone(),
            fields: fields
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
        }
    });
    seen.collect()
}

/// Bytes that look much like a connection: real frames with broken ones between them.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let any_frame = (0..11_u8, any::<u8>(), 0..4_u32, vec(any::<u8>(), 0..40))
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload));
    let real = (requests(), framing())
        .prop_map(|(requests, framing)| encoded(&requests, &framing)[opening().len()..].to_vec());
    let piece = prop_oneof![3 => real, 2 => any_frame, 1 => vec(any::<u8>(), 0..30)];
    (vec(piece, 0..4), any::<bool>()).prop_map(|(pieces, preface)| {
        let start = if preface { opening() } else { vec![] };
        [start, pieces.concat()].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_authority_is_healed(authority in vec(any::<u8>(), 1..60)) {
        crate::heal::assert_healed(&authority);
    }

    #[test]
    fn any_split_gives_the_same(bytes in plausible(), mut cuts in vec(0..2000_usize, 0..12)) {
        cuts.sort_unstable();
        let healed = whole(&bytes);
        prop_assert_eq!(&filtered(Filter::new(), &bytes, &cuts), &healed);
        let every = (0..bytes.len()).collect::<Vec<_>>();
        prop_assert_eq!(&filtered(Filter::new(), &bytes, &every), &healed);
        prop_assert!(healed.len() <= 2 * bytes.len());
    }

    #[test]
    fn bytes_without_a_bad_authority_stay(bytes in vec(any::<u8>(), 0..400), preface in any::<bool>()) {
        // Random bytes hold a whole header block with a bad authority about never; those that do are not looked at.
        let bytes = if preface { [opening(), bytes].concat() } else { bytes };
        let mut filter = Filter::new();
        filter.follow(&bytes, &mut Vec::new());
        prop_assume!(!filter.original_authority().was_healed());
        prop_assert_eq!(&whole(&bytes), &bytes);
    }

    #[test]
    fn a_clean_client_stays(mut requests in requests(), framing in framing()) {
        for request in &mut requests {
            request.authority = heal(&request.authority).into_owned();
        }
        let bytes = encoded(&requests, &framing);
        prop_assert_eq!(&whole(&bytes), &bytes);
    }

    #[test]
    fn healing_twice_is_healing_once(bytes in plausible()) {
        let healed = whole(&bytes);
        prop_assert_eq!(&whole(&healed), &healed);
    }

    #[test]
    fn a_server_sees_every_request_of_a_healed_client(requests in requests(), framing in framing()) {
        let bytes = encoded(&requests, &framing);
        let outcome = serve(&bytes, requests.len(), Healed::new);
        prop_assert_eq!(outcome, Outcome { served: expected(&requests), reset: vec![], gone: false });
    }
}
