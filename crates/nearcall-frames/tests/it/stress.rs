//! Real memory, real threads: what the models say of orders is tried on this machine's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::payload;
use super::real::{self, View};
use nearcall_frames::memory::Heap;
use nearcall_frames::{Details, Lease, Next, NextError, Policy, Reader, Request, Silent};

const BYTES: usize = 1_000;
const PINS: u32 = 2;

/// Frames that the writer publishes at least; it goes on until each reader has held so many.
const FRAMES: u64 = 20_000;
const LEASES: u64 = 2_000;

#[test]
fn no_frame_changes_while_it_is_held() {
    let policies = [
        Policy::Latest,
        Policy::DropOldest { depth: 3 },
        Policy::DropOldest { depth: 1 },
    ];
    let readers = u32::try_from(policies.len()).unwrap();
    let (mut writer, region) = real::channel(2 + 2 + readers * PINS, BYTES, 2);
    let failed = Arc::new(AtomicBool::new(false));
    let mut threads = Vec::new();
    for policy in policies {
        let page = Arc::new(Heap::return_page());
        let request = Request { policy, pins: PINS };
        let theirs = Box::new(Arc::clone(&page));
        let grant = writer.subscribe(theirs, Box::new(Silent), request).unwrap();
        let reader = Reader::attach(region.view(), Box::new(page), &grant).unwrap();
        let failed = Arc::clone(&failed);
        threads.push(std::thread::spawn(move || {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hold(reader)));
            failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
        }));
    }
    let mut seq = 0;
    while seq < FRAMES || threads.iter().any(|thread| !thread.is_finished()) {
        let frame = payload(seq + 1, BYTES);
        seq = writer
            .copy(Instant::now(), &frame, &Details::default())
            .unwrap();
    }
    assert!(!failed.load(Ordering::Relaxed), "a reader saw a torn frame");
    assert_eq!(writer.stats(Instant::now()).without_slot, 0);
}

fn hold(mut reader: Reader<View>) {
    let mut held: Option<Lease<View>> = None;
    let mut leases = 0;
    while leases < LEASES {
        match reader.next(Instant::now()) {
            Ok(Next::Frame(lease)) => {
                leases += 1;
                assert_eq!(lease[..], payload(lease.seq(), BYTES), "torn when it came");
                // The one before was held while the writer went on.
                if let Some(before) = held.replace(lease) {
                    assert_eq!(
                        before[..],
                        payload(before.seq(), BYTES),
                        "torn while it was held"
                    );
                }
            }
            // On a writer that never pauses a reader may always come too late; it tries again.
            Ok(_) | Err(NextError::Overtaken) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
