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

/// How often a thread may be interrupted where it could have gone on. With three, the lack of either fence is found; with
/// four, the orders take minutes.
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
    history: u32,
    policy: Policy,
    readers: usize,
    /// Frames published before there are readers: slots are used again only when all have been used.
    before: u64,
    /// Frames published while readers read.
    frames: u64,
    leases: usize,
    fences: Fences,
}

/// The protocol as it is: as many slots as its rule asks for.
const RIGHT: Model = Model {
    slots: 4,
    history: 0,
    policy: Policy::Latest,
    readers: 2,
    before: 4,
    frames: 4,
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
        let geometry = Geometry::new(model.slots, PAYLOAD_BYTES, model.history).unwrap();
        let in_turn = matches!(model.policy, Policy::DropOldest { .. });
        let data = Arc::new(Sparse::region(&geometry, in_turn, model.fences));
        let writer = Writer::new(Arc::clone(&data), IDENTITY, geometry).unwrap();
        let mut writer = writer.overcommitted();
        for _ in 0..model.before {
            publish(&mut writer, &seen[2]);
        }
        let mut readers = Vec::new();
        for _ in 0..model.readers {
            let page = Arc::new(Sparse::page(model.fences));
            let request = Request {
                policy: model.policy,
                pins: 1,
            };
            let grant = writer
                .subscribe(Box::new(Arc::clone(&page)), Box::new(Silent), request)
                .unwrap();
            let reader = Reader::attach(Arc::clone(&data), Box::new(page), &grant).unwrap();
            let seen = Arc::clone(&seen);
            readers.push(thread::spawn(move || read(reader, model.leases, &seen[1])));
        }
        for _ in 0..model.frames {
            publish(&mut writer, &seen[2]);
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

fn publish(writer: &mut Writer<Arc<Sparse>>, without_slot: &AtomicU64) {
    // A frame that was not published leaves its number to the next.
    let number = writer.latest() + 1;
    let mut payload = [0; PAYLOAD_BYTES];
    payload[..8].copy_from_slice(&number.to_le_bytes());
    payload[8..].copy_from_slice(&number.to_le_bytes());
    match writer.copy(now(), &payload, &Details::default()) {
        Ok(published) => assert_eq!(published, number),
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
            assert_eq!(
                &frame[..8],
                &number,
                "torn: the first word is another frame's"
            );
            assert_eq!(
                &frame[8..],
                &number,
                "torn: the second word is another frame's"
            );
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
    assert!(
        orders > 1_000 && leases > orders,
        "{orders} orders, {leases} leases"
    );
    assert_eq!(without_slot, 0, "slots >= history + pins + 2");
}

#[test]
fn frames_in_turn_are_found_by_their_descriptors() {
    let model = Model {
        history: 1,
        policy: Policy::DropOldest { depth: 2 },
        readers: 1,
        leases: 2,
        ..RIGHT
    };
    let (orders, leases, without_slot) = run(model);
    println!("{orders} orders, {leases} leases, {without_slot} without a slot");
    assert!(
        orders > 1_000 && leases > orders / 2,
        "{orders} orders, {leases} leases"
    );
    assert_eq!(without_slot, 0, "slots >= history + pins + 2");
}

#[test]
fn with_a_slot_too_few_the_writer_says_so() {
    let model = Model {
        slots: 3,
        before: 3,
        frames: 3,
        ..RIGHT
    };
    let (orders, leases, without_slot) = run(model);
    println!("{orders} orders, {leases} leases, {without_slot} without a slot");
    assert!(
        without_slot > 0,
        "two readers can hold both slots that are not the latest"
    );
    assert!(leases > orders);
}

#[test]
fn the_writers_fence_is_needed() {
    assert!(
        fails(lean(Fences::ReaderOnly)),
        "without it a frame must be torn"
    );
}

#[test]
fn the_readers_fence_is_needed() {
    assert!(
        fails(lean(Fences::WriterOnly)),
        "without it a frame must be torn"
    );
}

#[test]
fn what_is_wrong_without_a_fence_is_right_with_both() {
    let (orders, leases, _) = run(lean(Fences::Both));
    println!("{orders} orders, {leases} leases");
    assert!(leases > 0);
}

/// One reader, and so few slots that each is used again soon.
fn lean(fences: Fences) -> Model {
    Model {
        slots: 3,
        readers: 1,
        before: 3,
        frames: 3,
        fences,
        ..RIGHT
    }
}

/// A doorbell that counts.
#[derive(Debug)]
struct Bell(Arc<AtomicU64>);

impl Doorbell for Bell {
    fn ring(&self) -> Rung {
        self.0.fetch_add(1, Ordering::Relaxed);
        Rung::Yes
    }

    fn is_gone(&self) -> bool {
        false
    }

    fn end(&self) {}
}

/// A reader goes to sleep while a frame is published: it finds the frame, or is rung for.
fn falls_asleep(fences: Fences) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(move || {
        let geometry = Geometry::new(3, PAYLOAD_BYTES, 0).unwrap();
        let data = Arc::new(Sparse::region(&geometry, false, fences));
        let mut writer = Writer::new(Arc::clone(&data), IDENTITY, geometry).unwrap();
        let page = Arc::new(Sparse::page(fences));
        let request = Request {
            policy: Policy::Latest,
            pins: 1,
        };
        let rings = Arc::new(AtomicU64::new(0));
        let bell = Box::new(Bell(Arc::clone(&rings)));
        let grant = writer
            .subscribe(Box::new(Arc::clone(&page)), bell, request)
            .unwrap();
        let mut reader = Reader::attach(data, Box::new(page), &grant).unwrap();
        let sleeper = thread::spawn(move || reader.sleep(true));
        publish(&mut writer, &AtomicU64::new(0));
        let sleeps = sleeper.join().unwrap();
        let rung = rings.load(Ordering::Relaxed) > 0;
        assert!(!sleeps || rung, "it sleeps, and nobody rang");
    });
}

#[test]
fn no_reader_sleeps_through_a_frame() {
    falls_asleep(Fences::Both);
    for fences in [Fences::ReaderOnly, Fences::WriterOnly] {
        let found = catch_unwind(AssertUnwindSafe(|| falls_asleep(fences)));
        assert!(found.is_err(), "with {fences:?} it must sleep through one");
    }
}
