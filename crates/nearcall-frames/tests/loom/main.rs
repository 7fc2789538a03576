//! Publishing, leasing and waking in every order of events that the memory model of C11 allows, by loom.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test -p nearcall-frames --release --test loom
//! ```
//!
//! The same code runs as anywhere else, over memory of which only the words that matter are loom's. Preemptions are
//! bounded, see `PREEMPTIONS`. Each fence is also left out in turn: a model that does not find that would prove nothing.

#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a model that cannot go on has failed")]

mod memory;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use loom::thread;
use memory::{Fences, Sparse};
use nearcall_frames::{
    Details, Doorbell, Geometry, Identity, LoanError, Next, Policy, PublishError, Reader, Request,
    Rung, Silent, Writer,
};

/// How often a thread may be interrupted where it could have gone on. Three find every error that the exhaustive model
/// of the same protocol (without a bound, on store buffers) finds; more cost minutes.
const PREEMPTIONS: usize = 3;

const IDENTITY: Identity = Identity {
    epoch: 1,
    channel: 1,
    region: 1,
};

/// A payload is two words that both say the frame's number, so that a torn frame shows.
const PAYLOAD_BYTES: usize = 16;

#[derive(Clone, Copy)]
struct Model {
    slots: u32,
    readers: usize,
    frames: u64,
    leases: usize,
    fences: Fences,
}

/// The protocol as it is: as many slots as its rule asks for.
const RIGHT: Model = Model {
    slots: 4,
    readers: 2,
    frames: 3,
    leases: 1,
    fences: Fences::Both,
};

/// Runs a model in every order, and answers how many there were, how many frames were leased and how many publications
/// found no slot.
fn run(model: Model) -> (u64, u64, u64) {
    let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)]);
    let seen = Arc::clone(&counts);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(move || {
        seen[0].fetch_add(1, Ordering::Relaxed);
        // What the geometry refuses is tried too, so slots that are held back stand in for readers' pins.
        let geometry = Geometry::new(model.slots, PAYLOAD_BYTES, 0).unwrap();
        let data = Arc::new(Sparse::region(&geometry, model.fences));
        let mut writer = Writer::new(Arc::clone(&data), IDENTITY, geometry).unwrap();
        let mut readers = Vec::new();
        for _ in 0..model.readers {
            let page = Arc::new(Sparse::page(model.fences));
            let request = Request {
                policy: Policy::Latest,
                pins: 1,
            };
            let grant = writer
                .subscribe(Box::new(Arc::clone(&page)), Box::new(Silent), request)
                .unwrap();
            let reader = Reader::attach(Arc::clone(&data), Box::new(page), &grant).unwrap();
            let seen = Arc::clone(&seen);
            readers.push(thread::spawn(move || read(reader, model.leases, &seen[1])));
        }
        for seq in 1..=model.frames {
            publish(&mut writer, seq, &seen[2]);
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
    let [orders, leases, without_slot] = &*counts;
    (
        orders.load(Ordering::Relaxed),
        leases.load(Ordering::Relaxed),
        without_slot.load(Ordering::Relaxed),
    )
}

fn publish(writer: &mut Writer<Arc<Sparse>>, seq: u64, without_slot: &AtomicU64) {
    // A frame that was not published leaves its number to the next.
    let number = writer.latest() + 1;
    let mut payload = [0; PAYLOAD_BYTES];
    payload[..8].copy_from_slice(&number.to_le_bytes());
    payload[8..].copy_from_slice(&number.to_le_bytes());
    match writer.copy(now(), &payload, &Details::default()) {
        Ok(published) => assert!(published <= seq),
        Err(PublishError::Loan(LoanError::NoFreeSlot { .. })) => {
            without_slot.fetch_add(1, Ordering::Relaxed);
        }
        Err(error) => panic!("{error}"),
    }
}

fn read(mut reader: Reader<Arc<Sparse>>, leases: usize, leased: &AtomicU64) {
    for _ in 0..leases {
        if let Ok(Next::Frame(frame)) = reader.next(now()) {
            let number = frame.seq().to_le_bytes();
            assert_eq!(&frame[..8], &number, "torn: the first word is another frame's");
            assert_eq!(&frame[8..], &number, "torn: the second word is another frame's");
            leased.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// No model looks at the clock.
fn now() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// Whether a model is found wrong.
fn fails(model: Model) -> bool {
    catch_unwind(AssertUnwindSafe(|| run(model))).is_err()
}

#[test]
fn no_frame_is_torn_and_there_is_always_a_slot() {
    let (orders, leases, without_slot) = run(RIGHT);
    println!("{orders} orders, {leases} leases, {without_slot} without a slot");
    assert!(orders > 1_000 && leases > orders, "{orders} orders, {leases} leases");
    assert_eq!(without_slot, 0, "slots >= history + pins + 2");
}

#[test]
fn the_writers_fence_is_needed() {
    let model = Model {
        readers: 1,
        fences: Fences::ReaderOnly,
        ..RIGHT
    };
    assert!(fails(model), "without it a frame must be torn");
}

#[test]
fn the_readers_fence_is_needed() {
    let model = Model {
        readers: 1,
        fences: Fences::WriterOnly,
        ..RIGHT
    };
    assert!(fails(model), "without it a frame must be torn");
}
