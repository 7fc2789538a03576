//! Servers that lend what is not safe to map, or not what they say: their clients say so, and map nothing.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nearcall_frames::{Geometry, Header, Identity};
use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::raw::RawService;
use nearcall_sidecar::{Bulk, BulkError, PollError, Tier, poll, take};
use nearcall_sys::memory::{Writable, make_region, make_upload};
use wire::bulk::Content;

use super::answering::{Answering, method};
use super::served::LONG;

#[cfg(target_os = "linux")]
pub(crate) use linux::LENT;
#[cfg(windows)]
pub(crate) use windows::LENT;

#[cfg(target_os = "linux")]
use linux::{IS_ASKED_FOR, Passed, leads_to, strange};
#[cfg(windows)]
use windows::{IS_ASKED_FOR, Passed, leads_to, strange};

/// What a client is told of memory: a path, or a handle or a name once it asks.
type Place = (String, wire::LendResponse);

/// Somewhere that no memory of a server's is.
struct Strange {
    place: Place,
    what: &'static str,
    /// Whether there is something, of another kind.
    is_open: bool,
    /// What is there, for as long as it is.
    _there: Box<dyn Any>,
}

/// What a server that lies says, whatever it is asked.
#[derive(Clone)]
struct Lies {
    reference: wire::FrameRef,
    place: wire::LendResponse,
    /// How often it was asked for that.
    lent: Arc<AtomicUsize>,
}

impl Lies {
    async fn serve(self) -> Answering {
        let service = RawService::new("nearcall.frames.v1.Frames").unwrap();
        let says = self.clone();
        let service = method(
            service,
            "Lend",
            move |_: tonic::Request<wire::LendRequest>| {
                says.lent.fetch_add(1, Ordering::Relaxed);
                Ok(says.place.clone())
            },
        );
        let says = |_: tonic::Request<wire::ReleaseRequest>| Ok(wire::ReleaseResponse {});
        let service = method(service, "Release", says);
        let says = self.reference;
        let service = method(
            service,
            "AcquireLatest",
            move |request: tonic::Request<wire::AcquireLatestRequest>| {
                let content = if request.get_ref().can_map {
                    Content::Frame(says.clone())
                } else {
                    Content::Inline(b"bytes".to_vec())
                };
                let length = match &content {
                    Content::Inline(bytes) => bytes.len() as u64,
                    _ => says.length,
                };
                Ok(wire::AcquireLatestResponse {
                    frame: Some(wire::Frame {
                        info: Some(wire::FrameInfo {
                            seq: says.seq,
                            ..wire::FrameInfo::default()
                        }),
                        length,
                        body: Some(wire::Bulk {
                            content: Some(content),
                        }),
                    }),
                    epoch: IDENTITY.epoch,
                    region: None,
                })
            },
        );
        Answering::of(|server| server.add_raw_service(service)).await
    }
}

const IDENTITY: Identity = Identity {
    epoch: 7,
    channel: 1,
    region: 1,
};

fn geometry() -> Geometry {
    Geometry::new(4, 5_000, 0).unwrap()
}

/// The bytes of the region, as it is announced.
fn announced() -> u64 {
    geometry().region_bytes() as u64
}

/// A reference to what is at that place.
fn lies(place: Place, offset: u64, length: u64) -> Lies {
    let (path, place) = place;
    let reference = wire::FrameRef {
        region: Some(wire::Region {
            epoch: IDENTITY.epoch,
            channel: IDENTITY.channel,
            region: IDENTITY.region,
            geometry: Some(wire::Geometry {
                slots: 4,
                payload_bytes: 5_000,
                history: 0,
                region_bytes: announced(),
            }),
            path,
        }),
        seq: 1,
        offset,
        length,
        lease: vec![3; 16],
    };
    Lies {
        reference,
        place,
        lent: Arc::default(),
    }
}

/// Memory of that size, with these bytes first.
fn memory(bytes: u64, head: &[u8]) -> (Writable, Passed) {
    let (memory, passed) = make_region("liar", usize::try_from(bytes).unwrap()).unwrap();
    memory.write(0, head);
    (memory, passed)
}

/// The first line of bulk data that is lent under that lease.
fn line() -> [u8; 32] {
    let mut line = [0; 32];
    line[..8].copy_from_slice(b"\x89NBLK\r\n\x00");
    line[8..24].copy_from_slice(&[3; 16]);
    line
}

async fn taken(lies: Lies) -> Result<Bulk, BulkError> {
    let bulk = wire::Bulk {
        content: Some(Content::Frame(lies.reference.clone())),
    };
    let served = lies.serve().await;
    let channel = served.channel().await;
    tokio::time::timeout(LONG, take(&channel, bulk))
        .await
        .expect("it is not waited for")
}

#[tokio::test]
async fn what_is_no_memory_of_the_servers_is_not_mapped() {
    for Strange {
        place,
        is_open,
        what,
        ..
    } in strange()
    {
        let taken = taken(lies(place, 4_096, 3)).await;
        match taken {
            Err(BulkError::Open(_)) if is_open => {}
            Err(BulkError::Path(_)) if !is_open => {}
            other => panic!("{what}: {other:?}"),
        }
    }
}

/// What is made for macOS has no seals, by which it would be told; its server lends none.
#[cfg(not(nearcall_posix))]
#[tokio::test]
async fn memory_that_others_may_write_is_not_mapped() {
    let (_writable, passed) = make_upload("liar", geometry().region_bytes()).unwrap();
    let writable = taken(lies(leads_to(&passed), 4_096, 3)).await;
    assert!(matches!(writable, Err(BulkError::Open(_))), "{writable:?}");
}

#[tokio::test]
async fn memory_that_is_not_what_was_announced_is_not_looked_at() {
    for bytes in [announced() - 4_096, announced() + 4_096] {
        let (_memory, passed) = memory(bytes, &line());
        let taken = taken(lies(leads_to(&passed), 4_096, 3)).await;
        assert!(matches!(taken, Err(BulkError::Open(_))), "{taken:?}");
    }
    let mut other = line();
    other[8] ^= 1;
    for head in [&[0xff; 32], &other] {
        let (_memory, passed) = memory(announced(), head);
        let taken = taken(lies(leads_to(&passed), 4_096, 3)).await;
        assert!(matches!(taken, Err(BulkError::Other)), "{taken:?}");
    }
    // And what is.
    let (_memory, passed) = memory(announced(), &line());
    let taken = taken(lies(leads_to(&passed), announced() - 3, 3)).await;
    let taken = taken.unwrap();
    assert_eq!((taken.bytes(), taken.tier()), (&[0; 3][..], LENT));
}

/// Ranges that are not within what was announced.
fn outside() -> [(u64, u64); 5] {
    [
        (announced(), 1),
        (announced() - 1, 2),
        (0, u64::MAX),
        (u64::MAX, 1),
        (u64::MAX, u64::MAX),
    ]
}

#[tokio::test]
async fn bulk_data_that_leads_out_of_its_memory_is_refused() {
    let (_memory, passed) = memory(announced(), &line());
    for (offset, length) in outside() {
        let taken = taken(lies(leads_to(&passed), offset, length)).await;
        assert!(
            matches!(taken, Err(BulkError::Content { .. })),
            "{offset} {length}: {taken:?}"
        );
    }
}

fn head() -> Vec<u8> {
    let header = Header {
        identity: IDENTITY,
        geometry: geometry(),
        minor: 0,
    };
    header.bytes().to_vec()
}

#[tokio::test]
async fn a_region_is_mapped_once_for_all_frames_that_are_in_it() {
    let (_memory, passed) = memory(announced(), &head());
    let lies = lies(leads_to(&passed), announced() - 3, 3);
    let lent = Arc::clone(&lies.lent);
    let served = lies.serve().await;
    let mut poller = poll(&served.channel().await, "any");
    for _ in 0..3 {
        let frame = poller.newest().await.unwrap().unwrap();
        assert_eq!((frame.bytes(), frame.tier()), (&[0; 3][..], LENT));
    }
    let asked = lent.load(Ordering::Relaxed);
    assert_eq!(asked, usize::from(IS_ASKED_FOR));
}

#[tokio::test]
async fn frames_that_lead_out_of_their_region_are_refused() {
    for (offset, length) in outside() {
        let (_memory, passed) = memory(announced(), &head());
        let served = lies(leads_to(&passed), offset, length).serve().await;
        let frame = poll(&served.channel().await, "any").newest().await;
        let Err(PollError::Broken { expected }) = frame else {
            panic!("{offset} {length}: {frame:?}");
        };
        assert_eq!(expected, "a frame within its region");
    }
}

#[tokio::test]
async fn where_the_memory_is_not_the_channel_bytes_are_asked_for() {
    let check = async |place: Place, what: &str| {
        let served = lies(place, 4_096, 3).serve().await;
        let mut poller = poll(&served.channel().await, "any");
        for _ in 0..2 {
            let frame = poller.newest().await.unwrap().unwrap();
            assert_eq!(
                (frame.bytes(), frame.tier()),
                (&b"bytes"[..], Tier::Inline),
                "{what}"
            );
        }
    };
    for Strange { place, what, .. } in strange() {
        check(place, what).await;
    }
    let (_small, passed) = memory(announced() - 4_096, &head());
    check(leads_to(&passed), "too small").await;
    let (_other, passed) = memory(announced(), &[0xff; 64]);
    check(leads_to(&passed), "of other bytes").await;
    let (_writable, passed) = make_upload("liar", geometry().region_bytes()).unwrap();
    check(leads_to(&passed), "good for writing").await;
}
