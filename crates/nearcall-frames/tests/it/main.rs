//! Frame channels from outside: by rules, by policies, by hostile memory, by golden bytes, and between processes.

#![cfg(not(loom))]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and roles speak to the test that started them"
)]

mod aside;
mod channel;
mod corpus;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod dying;
mod golden;
#[cfg(windows)]
mod handles;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod handover;
mod hostile;
mod policy;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod process;
mod real;
mod refused;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod stress;
mod waiting;

use std::sync::Arc;
use std::time::Instant;

use nearcall_frames::memory::{Heap, Lending, Source};
use nearcall_frames::{
    Details, Geometry, Grant, Identity, Lease, Next, Policy, Reader, Request, Silent, Writer,
};

const IDENTITY: Identity = Identity {
    epoch: 11,
    channel: 12,
    region: 13,
};

type HeapWriter = Writer<Arc<Heap>>;
type HeapReader = Reader<Arc<Heap>>;

/// A channel within this process, and its memory.
fn channel(slots: u32, payload_bytes: usize, history: u32) -> (HeapWriter, Arc<Heap>) {
    let geometry = Geometry::new(slots, payload_bytes, history).unwrap();
    let memory = Arc::new(Heap::new(geometry.region_bytes()));
    let writer = Writer::new(Arc::clone(&memory), IDENTITY, geometry).unwrap();
    (writer, memory)
}

/// A subscription and its reader.
fn reader(writer: &mut HeapWriter, memory: &Arc<Heap>, policy: Policy, pins: u32) -> HeapReader {
    let (grant, page) = granted(writer, policy, pins);
    Reader::attach(Arc::clone(memory), Box::new(page), &grant).unwrap()
}

fn granted<D: Lending>(writer: &mut Writer<D>, policy: Policy, pins: u32) -> (Grant, Arc<Heap>) {
    let page = Arc::new(Heap::return_page());
    let request = Request { policy, pins };
    let theirs = Box::new(Arc::clone(&page));
    let grant = writer.subscribe(theirs, Box::new(Silent), request).unwrap();
    (grant, page)
}

/// Publishes a frame whose bytes say its number.
fn publish<D: Lending>(writer: &mut Writer<D>, now: Instant) -> u64 {
    let payload = payload(writer.latest() + 1, writer.geometry().payload_bytes());
    writer.copy(now, &payload, &Details::default()).unwrap()
}

fn payload(seq: u64, bytes: usize) -> Vec<u8> {
    let word = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    word.into_iter().cycle().take(bytes).collect()
}

/// The frame that comes next; anything else fails the test.
fn frame<D: Source>(reader: &mut Reader<D>) -> Lease<D> {
    match reader.next(Instant::now()).unwrap() {
        Next::Frame(lease) => {
            assert_eq!(lease[..], payload(lease.seq(), lease.len()), "torn");
            lease
        }
        other => panic!("expected a frame, found {other:?}"),
    }
}

fn is_nothing<D: Source>(reader: &mut Reader<D>) -> bool {
    matches!(reader.next(Instant::now()).unwrap(), Next::Nothing { .. })
}
