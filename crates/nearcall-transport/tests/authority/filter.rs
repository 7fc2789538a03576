//! The filter, byte by byte.

use nearcall_transport::authority::{Filter, HEADER_BLOCK_MAX, TABLE_SIZE_MAX};
use nearcall_transport::preface::HTTP2_PREFACE;

use crate::wire::{
    AUTHORITY_NAMES, END_HEADERS, END_STREAM, Framing, HEADERS, Name, PRIORITY, SPELLINGS,
    Spelling, connection, filtered, frame, indexed, integer, literal, opening, request_start,
    size_update, string, whole,
};

const BAD: &[u8] = b"a%2Fb.sock";
const GOOD: &[u8] = b"a-2Fb.sock";

fn request(authority: &[u8]) -> Vec<u8> {
    [&request_start()[..], authority].concat()
}

fn framings(block_len: usize) -> Vec<Framing> {
    let mut framings = Vec::new();
    for padding in [None, Some(0), Some(7), Some(255)] {
        for priority in [false, true] {
            framings.push(Framing {
                padding,
                priority,
                cuts: vec![],
            });
            framings.push(Framing {
                padding,
                priority,
                cuts: vec![0],
            });
            framings.push(Framing {
                padding,
                priority,
                cuts: vec![3, 3, 5],
            });
            framings.push(Framing {
                padding,
                priority,
                cuts: (1..block_len).collect(),
            });
        }
    }
    framings
}

/// Feeds the bytes in whole, one by one and cut in two at every place: all must give the same.
#[track_caller]
fn check(bytes: &[u8], expected: &[u8]) {
    let cuts = (1..bytes.len()).collect::<Vec<_>>();
    let one_by_one = filtered(Filter::new(), bytes, &cuts);
    assert_eq!(
        whole(bytes).escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    assert_eq!(
        one_by_one.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    for cut in cuts {
        assert_eq!(
            filtered(Filter::new(), bytes, &[cut]),
            expected,
            "cut at {cut}"
        );
    }
}

/// A healed block goes on in one frame, without its padding.
fn plain_framing(framing: &Framing) -> Framing {
    Framing {
        padding: None,
        priority: framing.priority,
        cuts: vec![],
    }
}

#[test]
fn every_spelling_in_every_framing() {
    for spelling in SPELLINGS {
        for name in AUTHORITY_NAMES {
            for huffman in [false, true] {
                let block = |value| request(&literal(spelling, name, value, huffman));
                for framing in framings(block(BAD).len()) {
                    let bad = connection(&framing, &[block(BAD)]);
                    let good = connection(&plain_framing(&framing), &[block(GOOD)]);
                    check(&bad, &good);
                    // A clean one keeps even its padding.
                    let clean = connection(&framing, &[block(GOOD)]);
                    check(&clean, &clean);
                }
            }
        }
    }
}

#[test]
fn codes_of_other_lengths_change_the_length_of_the_frame() {
    for (bad, good) in [
        (&br"\\.\pipe\arena"[..], &b"--.-pipe-arena"[..]),
        ("grüße".as_bytes(), b"gr----e"),
        (b"a:b:c@[", b"a-b-c--"),
        (b"\0\x01\xff", b"---"),
        // Long enough for the string's length to lose an octet.
        (&[b'\\'; 100], &[b'-'; 100]),
        (&[0xff; 4000], &[b'-'; 4000]),
    ] {
        for spelling in SPELLINGS {
            for huffman in [false, true] {
                let block = |value| {
                    let mut block = request(&literal(spelling, Name::Index(1), value, huffman));
                    block.extend(literal(
                        Spelling::Without,
                        Name::Plain("te"),
                        b"trailers",
                        false,
                    ));
                    block
                };
                let framing = Framing {
                    padding: Some(3),
                    priority: true,
                    cuts: vec![9],
                };
                let sent = connection(&framing, &[block(bad)]);
                let expected = connection(&plain_framing(&framing), &[block(good)]);
                assert_eq!(whole(&sent), expected);
                assert_eq!(
                    filtered(Filter::new(), &sent, &(1..sent.len()).collect::<Vec<_>>()),
                    expected
                );
            }
        }
    }
}

#[test]
fn an_empty_authority_becomes_the_placeholder() {
    let healed = |spelling, huffman| literal(spelling, Name::Index(1), b"localhost", huffman);
    let empty = |spelling, huffman| literal(spelling, Name::Index(1), b"", huffman);
    let one = |field: Vec<u8>| connection(&Framing::default(), &[request(&field)]);

    check(&one(indexed(1)), &one(healed(Spelling::Without, false)));
    for spelling in [Spelling::Without, Spelling::Never] {
        check(&one(empty(spelling, false)), &one(healed(spelling, false)));
        check(&one(empty(spelling, true)), &one(healed(spelling, true)));
    }
    // This one has an entry in the client's table, whose size must stay: the server refuses it.
    let entered = one(empty(Spelling::Incremental, false));
    check(&entered, &entered);
    // Its index is healed then.
    let framing = Framing::default();
    let then = connection(
        &framing,
        &[
            request(&empty(Spelling::Incremental, false)),
            request(&indexed(62)),
        ],
    );
    let healed = connection(
        &framing,
        &[
            request(&empty(Spelling::Incremental, false)),
            request(&healed(Spelling::Without, false)),
        ],
    );
    check(&then, &healed);
}

#[test]
fn a_block_that_grows_past_a_frame_goes_on_in_two() {
    for (priority, first) in [(false, 16_384), (true, 16_379)] {
        let filler = literal(
            Spelling::Without,
            Name::Plain("x"),
            &vec![b'v'; 16_372],
            false,
        );
        let block = [vec![0x81], filler.clone()].concat();
        let framing = Framing {
            priority,
            ..Framing::default()
        };
        let sent = connection(&framing, &[block]);
        let healed = [
            literal(Spelling::Without, Name::Index(1), b"localhost", false),
            filler,
        ]
        .concat();
        let cuts = vec![first];
        let expected = connection(&Framing { cuts, ..framing }, &[healed]);
        let filter = Filter::with_header_block_max(32 * 1024);
        assert_eq!(filtered(filter, &sent, &[]), expected);
    }
}

#[test]
fn the_table_shrinks_and_grows_as_the_client_says() {
    let framing = Framing::default();
    let spelled = |name, value| request(&literal(Spelling::Incremental, name, value, false));
    // What the client's table no longer holds cannot be named: the server refuses that, and nothing is healed after it.
    let emptied = |first| {
        [
            spelled(Name::Index(1), first),
            [size_update(0), request(&indexed(62))].concat(),
            spelled(Name::Index(1), BAD),
        ]
    };
    check(
        &connection(&framing, &emptied(BAD)),
        &connection(&framing, &emptied(GOOD)),
    );
    // A table larger than the first still knows what a table of 4,096 octets has long evicted.
    let filler = literal(
        Spelling::Incremental,
        Name::Plain("x"),
        &[b'v'; 1000],
        false,
    );
    let grown = |first, second| {
        let fillers = filler.repeat(8);
        [
            [size_update(16_384), spelled(Name::Index(1), first), fillers].concat(),
            spelled(Name::Index(62 + 8), second),
        ]
    };
    let (sent, expected) = (grown(BAD, b"/c"), grown(GOOD, b"-c"));
    assert_eq!(
        whole(&connection(&framing, &sent)),
        connection(&framing, &expected)
    );
}

#[test]
fn a_second_authority_in_a_request_makes_nothing_longer() {
    let framing = Framing::default();
    let placeholder = literal(Spelling::Without, Name::Index(1), b"localhost", false);
    let many = vec![0x81; 1000];
    check(
        &connection(&framing, &[[&[0x81], &many[..]].concat()]),
        &connection(&framing, &[[&placeholder[..], &many].concat()]),
    );
    let empty = literal(Spelling::Never, Name::Index(1), b"", true);
    let bad = |value| literal(Spelling::Incremental, Name::Index(1), value, true);
    check(
        &connection(
            &framing,
            &[[bad(BAD), empty.clone(), bad(b"/c"), empty.clone()].concat()],
        ),
        &connection(
            &framing,
            &[[bad(GOOD), empty.clone(), bad(b"-c"), empty].concat()],
        ),
    );
}

#[test]
fn a_client_that_spells_its_authority_anew_is_healed_every_time() {
    let framing = Framing::default();
    let field = |value| request(&literal(Spelling::Without, Name::Index(1), value, false));
    check(
        &connection(
            &framing,
            &[field(BAD), field(BAD), field(b"clean"), field(BAD)],
        ),
        &connection(
            &framing,
            &[field(GOOD), field(GOOD), field(b"clean"), field(GOOD)],
        ),
    );
    // As when the table evicted the entry, or it never fitted.
    let field = |value| request(&literal(Spelling::Incremental, Name::Index(1), value, true));
    let resize = [size_update(0), size_update(60)].concat();
    let other = literal(
        Spelling::Incremental,
        Name::Plain("x"),
        b"a value that takes room",
        false,
    );
    let blocks = |value| {
        [
            [resize.clone(), field(value), other.clone()].concat(),
            field(value),
            request(&indexed(62)),
        ]
    };
    check(
        &connection(&framing, &blocks(BAD)),
        &connection(&framing, &blocks(GOOD)),
    );
}

#[test]
fn a_name_may_come_from_the_dynamic_table() {
    let framing = Framing::default();
    let blocks = |first: &[u8], second: &[u8]| {
        [
            [
                request(&literal(
                    Spelling::Incremental,
                    Name::Huffman(":authority"),
                    first,
                    true,
                )),
                literal(Spelling::Incremental, Name::Plain("x"), b"y", false),
            ]
            .concat(),
            request(&literal(
                Spelling::Incremental,
                Name::Index(63),
                second,
                true,
            )),
            // 62 is the second authority now, 64 the first.
            request(&indexed(64)),
            request(&literal(Spelling::Never, Name::Index(64), second, false)),
        ]
    };
    check(
        &connection(&framing, &blocks(BAD, b"/c")),
        &connection(&framing, &blocks(GOOD, b"-c")),
    );
}

#[test]
fn other_fields_and_other_frames_are_left_alone() {
    let block = |value| {
        [
            request(&literal(
                Spelling::Incremental,
                Name::Index(1),
                value,
                false,
            )),
            literal(Spelling::Incremental, Name::Plain("path"), b"/a%2Fb", true),
            literal(Spelling::Without, Name::Index(38), b"/a%2Fb", false),
            literal(Spelling::Never, Name::Plain(":authoritz"), b"/a", false),
        ]
        .concat()
    };
    let bytes = |value| {
        let mut bytes = opening();
        bytes.extend(frame(0x8, 0, 0, &[0, 0, 1, 0]));
        bytes.extend(Framing::default().headers(1, &block(value)));
        // A DATA frame whose payload looks like a request, and a frame of unknown kind.
        bytes.extend(frame(
            0x0,
            END_STREAM,
            1,
            &Framing::default().headers(3, &block(BAD)),
        ));
        bytes.extend(frame(0xbe, 0xff, 3, b""));
        bytes.extend(Framing::default().headers(
            5,
            &request(&literal(Spelling::Without, Name::Index(1), value, true)),
        ));
        bytes
    };
    check(&bytes(BAD), &bytes(GOOD));
}

#[test]
fn steps_aside_at_the_first_clean_authority_and_never_after_a_bad_one() {
    let aside = |bytes: &[u8]| {
        let mut filter = Filter::new();
        filter.follow(bytes, &mut Vec::new());
        filter.is_aside()
    };
    let field = |value| {
        request(&literal(
            Spelling::Incremental,
            Name::Index(1),
            value,
            false,
        ))
    };
    let framing = Framing::default();
    assert!(!aside(HTTP2_PREFACE));
    assert!(
        !aside(&connection(&framing, &[request_start()])),
        "no authority says nothing"
    );
    assert!(aside(&connection(&framing, &[field(b"localhost")])));
    assert!(aside(&connection(
        &framing,
        &[request_start(), field(b"localhost")]
    )));
    assert!(!aside(&connection(&framing, &[field(BAD)])));
    assert!(!aside(&connection(
        &framing,
        &[field(BAD), field(b"localhost")]
    )));

    let clean_then_bad = connection(&framing, &[field(b"localhost"), field(BAD)]);
    check(&clean_then_bad, &clean_then_bad);
}

#[test]
fn what_is_not_understood_is_not_touched() {
    let bad = request(&literal(Spelling::Incremental, Name::Index(1), BAD, false));
    let mut huge_integer = vec![0x7f];
    huge_integer.extend([0xff; 9]);
    let wrong_padding = [vec![0x41], integer(2, 7, 0x80), vec![107, 48]].concat();
    let end_of_string_symbol = [vec![0x41], integer(4, 7, 0x80), vec![0xff; 4]].concat();
    let broken_anywhere = [
        vec![0x80],
        indexed(99),
        literal(Spelling::Incremental, Name::Index(99), b"", false),
        huge_integer,
        size_update(TABLE_SIZE_MAX as usize + 1),
        wrong_padding,
        end_of_string_symbol,
    ];
    let cut_short = [
        vec![0x41],
        vec![0x41, 0x05, b'a'],
        vec![0x40],
        vec![0x40, 0x01],
        vec![0xff],
        [vec![0x40], string(b"x", false), vec![0xff]].concat(),
    ];
    let first = broken_anywhere
        .iter()
        .map(|broken| [&broken[..], &bad].concat());
    let last = broken_anywhere
        .iter()
        .chain(&cut_short)
        .map(|broken| [&bad[..], broken].concat());
    for block in first.chain(last) {
        let bytes = connection(&Framing::default(), &[block, bad.clone()]);
        check(&bytes, &bytes);
    }

    let broken_frames = [
        frame(0x9, END_HEADERS, 1, &bad),
        frame(0x5, END_HEADERS, 1, &bad),
        // A header block that another frame or another stream breaks into.
        [frame(HEADERS, 0, 1, &bad), frame(0x0, 0, 1, b"")].concat(),
        [frame(HEADERS, 0, 1, &bad), frame(0x9, END_HEADERS, 3, b"")].concat(),
        [
            frame(HEADERS, 0, 1, &bad),
            frame(HEADERS, END_HEADERS, 3, b""),
        ]
        .concat(),
        // Padding longer than the frame, and too short for its fields.
        frame(HEADERS, END_HEADERS | 0x8, 1, &[200, 0x84]),
        frame(HEADERS, END_HEADERS | 0x8, 1, &[]),
        frame(HEADERS, END_HEADERS | PRIORITY, 1, &[0, 0, 0]),
    ];
    for broken in broken_frames {
        let bytes = [opening(), broken, Framing::default().headers(5, &bad)].concat();
        check(&bytes, &bytes);
    }

    // No HTTP/2 at all, and HTTP/2 from the second byte on.
    check(b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n");
    let shifted = [b"P", &connection(&Framing::default(), &[bad])[..]].concat();
    check(&shifted, &shifted);
}

#[test]
fn a_connection_cut_off_anywhere_gives_every_byte() {
    let bytes = connection(
        &Framing {
            padding: Some(2),
            priority: true,
            cuts: vec![4],
        },
        &[request(&literal(
            Spelling::Incremental,
            Name::Index(1),
            b"clean",
            true,
        ))],
    );
    for end in 0..bytes.len() {
        check(&bytes[..end], &bytes[..end]);
    }
}

#[test]
fn a_header_block_over_the_limit_goes_on_as_it_came() {
    let heads = 3 * 9;
    for (over, healed) in [(0, true), (1, false)] {
        let block = |value| {
            let mut block = request(&literal(
                Spelling::Incremental,
                Name::Index(1),
                value,
                false,
            ));
            let filler = HEADER_BLOCK_MAX + over - heads - block.len() - 6;
            block.extend(literal(
                Spelling::Without,
                Name::Plain("x"),
                &vec![b'v'; filler],
                false,
            ));
            block
        };
        let framing = Framing {
            cuts: vec![100, 200],
            ..Framing::default()
        };
        let sent = connection(&framing, &[block(BAD)]);
        assert_eq!(sent.len(), opening().len() + HEADER_BLOCK_MAX + over);
        let expected = if healed {
            connection(&Framing::default(), &[block(GOOD)])
        } else {
            sent.clone()
        };
        assert_eq!(whole(&sent), expected);
        assert_eq!(
            filtered(Filter::new(), &sent, &(1..sent.len()).collect::<Vec<_>>()),
            expected
        );
    }
    // Empty CONTINUATION frames count too.
    let mut endless = [opening(), frame(HEADERS, 0, 1, &request_start())].concat();
    let mut filter = Filter::new();
    while endless.len() < 3 * HEADER_BLOCK_MAX {
        endless.extend(frame(0x9, 0, 1, b""));
    }
    let mut out = Vec::new();
    let kept = filter.follow(&endless, &mut out);
    assert!(filter.is_aside());
    assert_eq!(kept + out.len(), endless.len());
}

#[test]
fn the_original_is_kept() {
    let field = |value| request(&literal(Spelling::Incremental, Name::Index(1), value, true));
    let mut filter = Filter::new();
    let original = filter.original_authority();
    assert_eq!(original.as_bytes(), None);
    assert_eq!(format!("{original:?}"), "OriginalAuthority(none yet)");
    filter.follow(
        &connection(&Framing::default(), &[field(b"/a\n\xff"), field(b"/c")]),
        &mut Vec::new(),
    );
    assert_eq!(original.as_bytes(), Some(&b"/a\n\xff"[..]));
    assert!(original.was_healed());
    assert_eq!(original.to_string(), r"/a\n\xff");

    let mut filter = Filter::new();
    filter.follow(
        &connection(&Framing::default(), &[field(b"localhost")]),
        &mut Vec::new(),
    );
    assert_eq!(
        filter.original_authority().as_bytes(),
        Some(&b"localhost"[..])
    );
    assert!(!filter.original_authority().was_healed());

    let mut filter = Filter::new();
    filter.follow(
        &connection(&Framing::default(), &[field(&[b'/'; 5000])]),
        &mut Vec::new(),
    );
    assert_eq!(
        filter.original_authority().as_bytes(),
        Some(&[b'/'; 256][..])
    );
}
