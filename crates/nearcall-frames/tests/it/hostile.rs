//! Readers that lie.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nearcall_frames::layout::{header, page, slot};
use nearcall_frames::memory::{Heap, Memory, Words};
use nearcall_frames::{Doorbell, Geometry, Policy, Request, Rung, Silent, State, Then};

use super::{channel, frame, granted, publish, reader};

/// A page whose pins name a slot that is just being written, another each time: the worst that a reader can do, as if
/// it saw the writer's every step at once.
#[derive(Debug)]
struct Chasing {
    region: Arc<Heap>,
    geometry: Geometry,
    looks: AtomicU64,
}

impl Words for Chasing {
    fn length(&self) -> usize {
        page::BYTES
    }

    fn load(&self, at: usize) -> u64 {
        if at < page::PINS {
            return 0;
        }
        let slots = u64::from(self.geometry.slots());
        let headers_at = header::BYTES + self.geometry.slots() as usize * 64;
        let begin = self.looks.fetch_add(1, Ordering::Relaxed);
        for index in (0..slots).map(|offset| (begin + offset) % slots) {
            let stamp = self
                .region
                .load(headers_at + index as usize * slot::BYTES + slot::STAMP);
            if stamp & 1 == 1 {
                return (stamp >> 1) << 16 | (index + 1);
            }
        }
        1
    }

    fn read(&self, _at: usize, into: &mut [u8]) {
        into.fill(0);
    }

    fn wait(&self, _at: usize, _seen: u32, _most: Duration) {}
}

#[test]
fn pins_that_chase_the_writer_do_not_hold_it_up() {
    // Exactly as many slots as the rule asks for: 1 + (2 * 3 + 1) + 2.
    let (mut writer, memory) = channel(10, 16, 1);
    let geometry = *writer.geometry();
    for _ in 0..2 {
        let page = Box::new(Chasing {
            region: Arc::clone(&memory),
            geometry,
            looks: AtomicU64::new(0),
        });
        let request = Request {
            policy: Policy::Latest,
            pins: 3,
        };
        writer.subscribe(page, Box::new(Silent), request).unwrap();
    }
    let mut honest = reader(&mut writer, &memory, Policy::DropOldest { depth: 2 }, 1);
    let now = Instant::now();
    for seq in 1..=2_000 {
        assert_eq!(publish(&mut writer, now), seq);
        assert_eq!(frame(&mut honest).seq(), seq);
    }
    let stats = writer.stats(now);
    assert_eq!((stats.without_slot, stats.dropped), (0, 0));
    assert_eq!(
        stats.subscriptions[2].lag, 0,
        "the honest reader lost nothing"
    );
}

#[test]
fn pins_beyond_the_grant_are_nothing() {
    let (mut writer, memory) = channel(4, 16, 0);
    let (grant, claims) = granted(&mut writer, Policy::Latest, 1);
    let mut honest = reader(&mut writer, &memory, Policy::Latest, 1);
    for pin in 0..16 {
        claims.store(page::PINS + pin * page::PIN_BYTES, pin as u64 % 4 + 1);
    }
    claims.store(page::PINS, u64::MAX);
    let now = Instant::now();
    for seq in 1..=50 {
        assert_eq!(publish(&mut writer, now), seq);
        assert_eq!(frame(&mut honest).seq(), seq);
    }
    let stats = writer.stats(now);
    let liar = stats
        .subscriptions
        .iter()
        .find(|one| one.id == grant.id)
        .unwrap();
    assert_eq!(
        (liar.pins, liar.pins_granted),
        (0, 1),
        "a pin on a slot that is not there is none"
    );
}

#[test]
fn what_a_reader_says_it_took_is_believed_within_reason() {
    let (mut writer, _memory) = channel(4, 16, 0);
    let max_wait = Duration::from_millis(10);
    let policy = Policy::Block {
        max_wait,
        then: Then::Demote,
    };
    let (_grant, claims) = granted(&mut writer, policy, 1);
    let now = Instant::now();
    // It says that it took what was never published: then it took the latest, and no more than that.
    claims.store(page::CONSUMED, u64::MAX);
    assert_eq!(publish(&mut writer, now), 1);
    assert_eq!(publish(&mut writer, now), 2);
    assert_eq!(writer.stats(now).subscriptions[0].lag, 0);
    // Taking it back does not help it.
    claims.store(page::CONSUMED, 0);
    assert_eq!(writer.stats(now).subscriptions[0].lag, 1);
    assert!(writer.loan(now).is_err());
    assert_eq!(publish(&mut writer, now + max_wait), 3);
    assert_eq!(writer.stats(now).subscriptions[0].state, State::Demoted);
}

/// A doorbell that is always full, as of a reader that never takes a ring.
#[derive(Debug)]
struct Deaf(Arc<AtomicU64>);

impl Doorbell for Deaf {
    fn ring(&self) -> Rung {
        self.0.fetch_add(1, Ordering::Relaxed);
        Rung::Full
    }

    fn is_gone(&self) -> bool {
        false
    }

    fn end(&self) {}
}

#[test]
fn wishes_to_be_woken_cost_one_ring_each() {
    let (mut writer, memory) = channel(5, 16, 0);
    let rings = Arc::new(AtomicU64::new(0));
    let claims = Arc::new(Heap::return_page());
    let request = Request {
        policy: Policy::Latest,
        pins: 1,
    };
    let theirs = Box::new(Arc::clone(&claims));
    let bell = Box::new(Deaf(Arc::clone(&rings)));
    writer.subscribe(theirs, bell, request).unwrap();
    let mut honest = reader(&mut writer, &memory, Policy::Latest, 1);
    let now = Instant::now();
    for seq in 1..=100 {
        // Another wish for each frame: one ring for each, and never more.
        claims.store(page::WAKE_AFTER, (seq % 3) << 1 | 1);
        publish(&mut writer, now);
        assert_eq!(frame(&mut honest).seq(), seq);
        assert!(rings.load(Ordering::Relaxed) <= seq);
    }
}
