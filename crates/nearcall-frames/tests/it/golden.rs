//! Files that readers in every language read, bad ones included. `testdata/frames/README.md` says what they are.
//!
//! `NEARCALL_GOLDEN=write cargo test -p nearcall-frames golden` writes them anew.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use nearcall_frames::layout::{FIELDS, LAYOUT_HASH, header, page, slot};
use nearcall_frames::memory::{Heap, Memory, Source, Words};
use nearcall_frames::meta::{Audio, Opaque, Rectangle, SampleFormat, State, StateKind, Video};
use nearcall_frames::{
    AttachError, Details, Geometry, Grant, HeaderError, Identity, Lease, Meta, Next, NextError,
    Policy, Reader, SubscriptionId, Writer,
};
use serde_json::{Value, json};

const IDENTITY: Identity = Identity {
    epoch: 0x0102_0304_0506_0708,
    channel: 0x1112_1314_1516_1718,
    region: 0x2122_2324_2526_2728,
};

/// 2026-01-01T00:00:00Z.
const PUBLISHED: u64 = 1_767_225_600_000_000_000;

/// Where slot 0's header is in these files: after the header and three descriptors.
const SLOT_HEADERS_AT: usize = header::BYTES + 3 * 64;

/// A file, what is done to the memory before it is written, and what a reader has to find.
struct Case {
    file: &'static str,
    what: &'static str,
    meta: Meta,
    payload: &'static [u8],
    breaks: fn(&Heap),
    finds: Finds,
}

/// What a reader finds.
enum Finds {
    Frame,
    /// The region is refused; the error's name.
    Refused(&'static str),
    /// The region is taken, and there is no frame to be had; the error's name.
    NoFrame(&'static str),
}

fn cases() -> Vec<Case> {
    let video = Video::new(2, 2, 8, *b"XR24").with_damage(&[Rectangle {
        x: 0,
        y: 1,
        width: 2,
        height: 1,
    }]);
    let pixels = b"\x00\x00\xff\x00\x00\xff\x00\x00\xff\x00\x00\x00\xff\xff\xff\x00";
    let opaque = Meta::Opaque(Opaque::new(b"anything"));
    let good = |file, what, meta, payload| Case {
        file,
        what,
        meta,
        payload,
        breaks: |_| {},
        finds: Finds::Frame,
    };
    let bad = |file, what, breaks, finds| Case {
        file,
        what,
        meta: opaque,
        payload: b"payload",
        breaks,
        finds,
    };
    vec![
        good(
            "opaque.region",
            "a frame that only its user understands",
            opaque,
            b"payload",
        ),
        good("empty.region", "a frame of no bytes", Meta::default(), b""),
        good(
            "video.region",
            "a picture of 2 x 2 pixels with one damage rectangle",
            Meta::Video(video),
            pixels,
        ),
        good(
            "audio.region",
            "two moments of stereo",
            Meta::Audio(Audio {
                rate: 48_000,
                channels: 2,
                format: SampleFormat::I16,
                pts: 96_000,
                moments: 2,
            }),
            b"\x01\x00\xff\xff\x02\x00\xfe\xff",
        ),
        good(
            "state.region",
            "what changed in a world since frame 1",
            Meta::State(State {
                schema: 0x0123_4567_89ab_cdef,
                base: 1,
                kind: StateKind::Delta,
            }),
            b"{\"x\":1}",
        ),
        bad(
            "unknown-meta.region",
            "meta of a kind that a later version may add: the bytes are still a frame",
            |memory| memory.write(slot_1() + slot::META_KIND, &99_u16.to_le_bytes()),
            Finds::Frame,
        ),
        bad(
            "bad-magic.region",
            "another kind of file",
            |memory| memory.write(header::MAGIC, b"\x89NCALL\r\n"),
            Finds::Refused("magic"),
        ),
        bad(
            "bad-version.region",
            "a later major version",
            |memory| memory.write(header::ABI, &2_u16.to_le_bytes()),
            Finds::Refused("version"),
        ),
        bad(
            "bad-hash.region",
            "another layout of the same version",
            |memory| memory.store(header::LAYOUT_HASH, LAYOUT_HASH ^ 1),
            Finds::Refused("layout"),
        ),
        bad(
            "bad-slots.region",
            "more slots than there may be",
            |memory| memory.write(header::SLOTS, &u32::MAX.to_le_bytes()),
            Finds::Refused("geometry"),
        ),
        bad(
            "bad-offset.region",
            "payloads beyond the region",
            |memory| memory.store(header::PAYLOADS_AT, u64::MAX - 7),
            Finds::Refused("field"),
        ),
        bad(
            "bad-epoch.region",
            "a region of an earlier start of the server",
            |memory| memory.store(header::EPOCH, 1),
            Finds::Refused("identity"),
        ),
        bad(
            "bad-latest.region",
            "the latest frame is in slot 3 of 3",
            |memory| memory.store(header::LATEST, 2 << 16 | 3),
            Finds::NoFrame("damaged"),
        ),
        bad(
            "bad-length.region",
            "a length beyond the slot: it counts as the slot's",
            |memory| memory.store(slot_1() + slot::LENGTH, u64::MAX),
            Finds::Frame,
        ),
        bad(
            "half-written.region",
            "the writer died while it wrote over the latest frame's slot",
            |memory| memory.store(slot_1() + slot::STAMP, 5 << 1 | 1),
            Finds::NoFrame("overtaken"),
        ),
        bad(
            "no-frame.region",
            "a channel before its first frame",
            |memory| memory.store(header::LATEST, 0),
            Finds::NoFrame("nothing"),
        ),
        bad(
            "closed.region",
            "a channel that ended, with its last frame",
            |memory| memory.store(header::STATE, 3),
            Finds::Frame,
        ),
    ]
}

/// The header of slot 1, where the second and latest frame is.
fn slot_1() -> usize {
    SLOT_HEADERS_AT + slot::BYTES
}

fn geometry() -> Geometry {
    Geometry::new(3, 32, 0).unwrap()
}

/// Two frames, the second as the case says, and what the case does to them.
fn region(case: &Case) -> Arc<Heap> {
    let memory = Arc::new(Heap::new(geometry().region_bytes()));
    let writer = Writer::new(Arc::clone(&memory), IDENTITY, geometry()).unwrap();
    let mut writer = writer.with_clock(|| PUBLISHED);
    let now = Instant::now();
    writer
        .copy(now, b"the first frame", &Details::default())
        .unwrap();
    writer.copy(now, case.payload, &details(case)).unwrap();
    // The writer's end would say that the channel has ended.
    let copy = Arc::new(Heap::new(geometry().region_bytes()));
    copy.write(0, &memory.hold(0..memory.length()));
    (case.breaks)(&copy);
    copy
}

fn details(case: &Case) -> Details {
    Details {
        meta: case.meta,
        captured: PUBLISHED - 1_000_000,
        crc: Some(0x1234_5678),
        user: *b"24 bytes of the user's.\0",
    }
}

/// A return page in which frame 2 is held and frame 3 waited for.
fn return_page() -> Arc<Heap> {
    let memory = Arc::new(Heap::new(geometry().region_bytes()));
    let mut writer = Writer::new(Arc::clone(&memory), IDENTITY, geometry()).unwrap();
    let (grant, page) = super::granted(&mut writer, Policy::Latest, 1);
    let mut reader = Reader::attach(memory, Box::new(Arc::clone(&page)), &grant).unwrap();
    super::publish(&mut writer, Instant::now());
    super::publish(&mut writer, Instant::now());
    let lease = super::frame(&mut reader);
    assert_eq!(lease.seq(), 2);
    assert!(reader.sleep(true));
    let copy = Arc::new(Heap::return_page());
    copy.write(0, &page.hold(0..page::BYTES));
    copy
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/frames"
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn described(meta: &Meta) -> Value {
    match meta {
        Meta::Opaque(opaque) => json!({"kind": "opaque", "bytes": hex(opaque.as_bytes())}),
        Meta::Video(video) => json!({
            "kind": "video", "width": video.width, "height": video.height, "stride": video.stride,
            "fourcc": String::from_utf8_lossy(&video.fourcc),
            "damage": video.damage().iter().map(|one| [one.x, one.y, one.width, one.height]).collect::<Vec<_>>(),
        }),
        Meta::Audio(audio) => json!({
            "kind": "audio", "rate": audio.rate, "channels": audio.channels, "format": audio.format as u16,
            "pts": audio.pts, "moments": audio.moments,
        }),
        Meta::State(state) => json!({
            "kind": "state", "schema": hex(&state.schema.to_be_bytes()), "base": state.base, "state": state.kind as u32,
        }),
        Meta::Unknown { kind } => json!({"kind": "unknown", "number": kind}),
        other => panic!("{other:?} has no case"),
    }
}

/// The list of cases, as readers in other languages take it.
fn list() -> String {
    let described_cases = cases().into_iter().map(|case| {
        let finds = match case.finds {
            Finds::Frame => {
                let memory = region(&case);
                let lease = read(&memory).map_err(|_| ()).unwrap();
                json!({"frame": {
                    "seq": lease.seq(), "slot": 1, "payload": hex(&lease), "captured": lease.info().captured,
                    "published": lease.info().published, "crc": lease.info().crc, "user": hex(&lease.info().user),
                    "meta": described(lease.meta()),
                }})
            }
            Finds::Refused(name) => json!({"refused": name}),
            Finds::NoFrame(name) => json!({"no_frame": name}),
        };
        json!({"file": case.file, "what": case.what, "finds": finds})
    });
    let geometry = geometry();
    let all = json!({
        "granted": {
            "epoch": hex(&IDENTITY.epoch.to_be_bytes()), "channel": hex(&IDENTITY.channel.to_be_bytes()),
            "region": hex(&IDENTITY.region.to_be_bytes()), "slots": geometry.slots(), "history": geometry.history(),
            "payload_bytes": geometry.payload_bytes(), "region_bytes": geometry.region_bytes(),
        },
        "layout_hash": hex(&LAYOUT_HASH.to_be_bytes()),
        "fields": FIELDS.iter().map(|(name, at, bytes)| json!({"name": name, "at": at, "bytes": bytes})).collect::<Vec<_>>(),
        "return_page": {
            "file": "return-page.bin", "consumed": 2, "wake_after": 3 << 1 | 1, "pins": [2 << 16 | 2],
        },
        "cases": described_cases.collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&all).unwrap() + "\n"
}

/// What a reader makes of a region: a frame, or the name of what is wrong.
fn read(memory: &Arc<Heap>) -> Result<Lease<Arc<Heap>>, &'static str> {
    let page = Box::new(Heap::return_page());
    let mut reader = Reader::attach(Arc::clone(memory), page, &grant()).map_err(refusal)?;
    match reader.next(Instant::now()) {
        Ok(Next::Frame(lease)) => Ok(lease),
        Ok(_) => Err("nothing"),
        Err(NextError::Damaged { .. }) => Err("damaged"),
        Err(NextError::Overtaken) => Err("overtaken"),
        Err(_) => Err("another error"),
    }
}

fn refusal(error: AttachError) -> &'static str {
    match error {
        AttachError::Header(HeaderError::Magic { .. }) => "magic",
        AttachError::Header(HeaderError::Version { .. }) => "version",
        AttachError::Header(HeaderError::Layout { .. }) => "layout",
        AttachError::Header(HeaderError::Geometry(_)) => "geometry",
        AttachError::Header(HeaderError::Field { .. }) => "field",
        AttachError::Identity { .. } => "identity",
        _ => "another error",
    }
}

/// What the files are read by. It comes over gRPC, and so from another place than the file.
fn grant() -> Grant {
    Grant {
        id: SubscriptionId::new(1),
        identity: IDENTITY,
        geometry: geometry(),
        pins: 1,
        policy: Policy::Latest,
        first: 1,
    }
}

#[test]
fn files_are_what_the_writer_writes() {
    let mut files: Vec<(&str, Vec<u8>)> = cases()
        .iter()
        .map(|case| (case.file, region(case).hold(0..geometry().region_bytes())))
        .collect();
    files.push(("return-page.bin", return_page().hold(0..page::BYTES)));
    files.push(("cases.json", list().into_bytes()));
    if std::env::var_os("NEARCALL_GOLDEN").is_some_and(|value| value == "write") {
        for (name, bytes) in &files {
            std::fs::write(folder().join(name), bytes).unwrap();
        }
    }
    for (name, bytes) in files {
        let found = std::fs::read(folder().join(name)).unwrap();
        let differs = found
            .iter()
            .zip(&bytes)
            .position(|(one, other)| one != other);
        assert!(
            found == bytes,
            "{name} is not what the writer writes: {} bytes, not {}; first difference at {differs:?}",
            found.len(),
            bytes.len()
        );
    }
}

#[test]
fn files_are_read_as_their_list_says() {
    assert_eq!(SLOT_HEADERS_AT % 64, 0);
    for case in cases() {
        let bytes = std::fs::read(folder().join(case.file)).unwrap();
        let memory = Arc::new(Heap::new(bytes.len()));
        memory.write(0, &bytes);
        let found = read(&memory);
        match (&case.finds, &found) {
            (Finds::Frame, Ok(lease)) => {
                assert_eq!(lease.seq(), 2, "{}", case.file);
                let clamped = case.file == "bad-length.region";
                assert_eq!(lease.len(), if clamped { 32 } else { case.payload.len() });
                assert!(lease.starts_with(case.payload));
                assert_eq!(lease.info().user, details(&case).user);
            }
            (Finds::Refused(expected) | Finds::NoFrame(expected), Err(name)) => {
                assert_eq!(name, expected, "{}", case.file);
            }
            _ => panic!("{}: {found:?}", case.file),
        }
    }
}

#[test]
fn the_page_says_the_layouts_hash() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/frames.md"))
            .unwrap();
    let hash = format!("`{LAYOUT_HASH:#018x}`");
    assert!(page.contains(&hash), "docs/frames.md has to name {hash}");
    for (name, at, _) in FIELDS {
        let (part, field) = name.split_once('.').unwrap();
        let row = page.lines().any(|line| {
            let mut cells = line.split('|').map(str::trim);
            cells.nth(1) == Some(at.to_string().as_str())
                && cells.any(|cell| cell.starts_with(&format!("`{field}`")))
        });
        assert!(
            row,
            "docs/frames.md has no row for {part}'s `{field}` at {at}"
        );
    }
}
