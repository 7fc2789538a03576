//! Readers that sleep and writers that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nearcall_frames::layout::page;
use nearcall_frames::memory::{Heap, Memory};
use nearcall_frames::{
    Details, Doorbell, Heard, LoanError, Next, Policy, Reader, Request, Rung, State, Then,
};

use super::{channel, frame, publish, reader};

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_sleeping_reader_is_woken_through_memory() {
    let (mut writer, memory) = channel(4, 8, 1);
    let mut reader = reader(&mut writer, &memory, Policy::DropOldest { depth: 2 }, 1);
    assert_eq!(reader.wait(Duration::ZERO), Heard::Nothing);
    let sleeper = std::thread::spawn(move || {
        let mut seen = Vec::new();
        while seen.len() < 2 {
            match reader.next(Instant::now()).unwrap() {
                Next::Frame(lease) => seen.push(lease.seq()),
                _ => assert_eq!(reader.wait(LONG), Heard::Ring, "nobody woke it"),
            }
        }
        seen
    });
    publish(&mut writer, Instant::now());
    publish(&mut writer, Instant::now());
    assert_eq!(sleeper.join().unwrap(), [1, 2]);
}

#[test]
fn the_end_wakes_too() {
    let (mut writer, memory) = channel(4, 8, 1);
    let mut reader = reader(&mut writer, &memory, Policy::Latest, 1);
    let sleeper = std::thread::spawn(move || {
        loop {
            match reader.next(Instant::now()).unwrap() {
                Next::End(end) => return end,
                _ => assert_eq!(reader.wait(LONG), Heard::Ring, "nobody woke it"),
            }
        }
    });
    drop(writer);
    assert_eq!(sleeper.join().unwrap(), nearcall_frames::End::Closed);
}

/// A doorbell that counts, and can be told that its reader is gone.
#[derive(Debug, Default, Clone)]
struct Bell {
    rings: Arc<AtomicU32>,
    ended: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
}

impl Doorbell for Bell {
    fn ring(&self) -> Rung {
        self.rings.fetch_add(1, Ordering::Relaxed);
        if self.is_gone() {
            Rung::Gone
        } else {
            Rung::Yes
        }
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

#[test]
fn the_doorbell_rings_once_for_each_wish() {
    let (mut writer, memory) = channel(4, 8, 0);
    let bell = Bell::default();
    let page = Arc::new(Heap::return_page());
    let request = Request {
        policy: Policy::Latest,
        pins: 1,
    };
    let theirs = Box::new(Arc::clone(&page));
    let grant = writer
        .subscribe(theirs, Box::new(bell.clone()), request)
        .unwrap();
    let mut reader = Reader::attach(memory, Box::new(Arc::clone(&page)), &grant).unwrap();
    let now = Instant::now();
    let rings = || bell.rings.load(Ordering::Relaxed);
    publish(&mut writer, now);
    assert_eq!(rings(), 0, "it did not say that it sleeps");
    assert!(!reader.sleep(true), "there is a frame");
    drop(frame(&mut reader));
    assert!(reader.sleep(true));
    for _ in 0..10 {
        publish(&mut writer, now);
    }
    assert_eq!(
        rings(),
        1,
        "a reader that does not wake up is not rung for again"
    );
    reader.wake_up();
    drop(frame(&mut reader));
    assert!(reader.sleep(true));
    publish(&mut writer, now);
    assert_eq!(rings(), 2);
    // A wish for a frame far ahead is none yet.
    page.store(page::WAKE_AFTER, 1_000 << 1 | 1);
    publish(&mut writer, now);
    assert_eq!(rings(), 2);
    bell.gone.store(true, Ordering::Relaxed);
    assert_eq!(writer.reap(), [grant.id]);
    assert_eq!(writer.reap(), []);
}

#[test]
fn a_writer_waits_for_a_reader_that_asked_for_it() {
    let (mut writer, memory) = channel(4, 8, 1);
    let policy = Policy::Block {
        max_wait: Duration::from_secs(10),
        then: Then::Evict,
    };
    let mut reader = reader(&mut writer, &memory, policy, 1);
    const FRAMES: u64 = 500;
    let taker = std::thread::spawn(move || {
        let mut next = 1;
        while next <= FRAMES {
            match reader.next(Instant::now()).unwrap() {
                Next::Frame(lease) => {
                    assert_eq!(lease.seq(), next, "every frame in turn");
                    next += 1;
                }
                Next::Nothing { .. } => {
                    let _ = reader.wait(LONG);
                }
                other => panic!("{other:?}"),
            }
        }
    });
    for _ in 0..FRAMES {
        let mut loan = writer.loan_waiting().unwrap();
        loan.write(0, b"x").unwrap();
        loan.publish(1, &Details::default()).unwrap();
    }
    taker.join().unwrap();
    let stats = writer.stats(Instant::now());
    assert_eq!(
        (stats.dropped, stats.subscriptions[0].state),
        (0, State::Live)
    );
}

#[test]
fn a_reader_that_is_gone_is_not_waited_for() {
    let (mut writer, _memory) = channel(4, 8, 0);
    let bell = Bell::default();
    let request = Request {
        policy: Policy::Block {
            max_wait: Duration::from_secs(10),
            then: Then::DropNew,
        },
        pins: 1,
    };
    let page = Box::new(Heap::return_page());
    let grant = writer
        .subscribe(page, Box::new(bell.clone()), request)
        .unwrap();
    let now = Instant::now();
    publish(&mut writer, now);
    assert!(matches!(writer.loan(now), Err(LoanError::Held { .. })));
    bell.gone.store(true, Ordering::Relaxed);
    assert_eq!(publish(&mut writer, now), 2);
    assert_eq!(writer.reap(), [grant.id], "and is told of, once");
    assert_eq!(writer.reap(), []);
    assert_eq!(writer.stats(now).subscriptions, []);
}

#[test]
fn an_evicted_reader_hears_of_it_and_keeps_what_it_holds() {
    let (mut writer, memory) = channel(4, 8, 0);
    let bell = Bell::default();
    let max_wait = Duration::from_secs(1);
    let request = Request {
        policy: Policy::Block {
            max_wait,
            then: Then::Evict,
        },
        pins: 1,
    };
    let page = Arc::new(Heap::return_page());
    let theirs = Box::new(Arc::clone(&page));
    let grant = writer
        .subscribe(theirs, Box::new(bell.clone()), request)
        .unwrap();
    let mut reader = Reader::attach(memory, Box::new(page), &grant).unwrap();
    let now = Instant::now();
    publish(&mut writer, now);
    let held = frame(&mut reader);
    publish(&mut writer, now);
    assert!(
        matches!(writer.loan(now), Err(LoanError::Held { until, .. }) if until == now + max_wait)
    );
    assert!(!bell.ended.load(Ordering::Relaxed));
    for _ in 0..20 {
        publish(&mut writer, now + max_wait);
    }
    assert!(bell.ended.load(Ordering::Relaxed));
    assert_eq!(held[..], super::payload(1, 8), "its pin is still looked at");
    assert_eq!(writer.stats(now).subscriptions[0].state, State::Evicted);
}

#[test]
fn a_reader_that_samples_sleeps_until_the_next_is_due() {
    let (mut writer, memory) = channel(4, 8, 0);
    let mut sampler = reader(&mut writer, &memory, Policy::Sample { hz: 20 }, 1);
    let mut looks = 0;
    let mut came = Vec::new();
    while came.len() < 4 {
        // There always is a newer frame; only the rate keeps it from coming.
        publish(&mut writer, Instant::now());
        looks += 1;
        match sampler.next(Instant::now()).unwrap() {
            Next::Frame(lease) => came.push(lease.seq()),
            Next::Nothing { again } => {
                assert!(again.is_some());
                let _ = sampler.wait(LONG);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(
        looks <= 4 * 4,
        "{looks} looks for four frames: it does not sleep"
    );
}

#[test]
fn asking_again_does_not_hold_the_writer_up_again() {
    let (mut writer, memory) = channel(4, 8, 0);
    let max_wait = Duration::from_secs(1);
    let block = Policy::Block {
        max_wait,
        then: Then::Demote,
    };
    let (grant, page) = super::granted(&mut writer, block, 1);
    let mut reader = Reader::attach(memory, Box::new(page), &grant).unwrap();
    let state = |writer: &super::HeapWriter, now| writer.stats(now).subscriptions[0].state;
    let begun = Instant::now();
    publish(&mut writer, begun);
    for tenths in 0..10 {
        let now = begun + max_wait * tenths / 10;
        assert!(matches!(
            writer.loan(now),
            Err(LoanError::Held { until, .. }) if until == begun + max_wait
        ));
        // Neither the same once more, nor another in between, begins the wait anew.
        for policy in [block, Policy::Latest, block] {
            assert_eq!(writer.set_policy(grant.id, policy), Ok(true));
        }
    }
    let mut now = begun + max_wait;
    for _ in 0..5 {
        publish(&mut writer, now);
        assert_eq!(state(&writer, now), State::Demoted);
        assert_eq!(writer.set_policy(grant.id, block), Ok(true));
        assert_eq!(state(&writer, now), State::Live);
        now += Duration::from_millis(1);
    }
    // One that has caught up is waited for again.
    reader.set_policy(Policy::Latest);
    let newest = frame(&mut reader).seq();
    reader.set_policy(block);
    assert_eq!(newest, writer.latest());
    publish(&mut writer, now);
    assert!(matches!(
        writer.loan(now),
        Err(LoanError::Held { until, .. }) if until == now + max_wait
    ));
}

#[test]
fn a_writer_can_be_waited_for_without_it() {
    let (mut writer, memory) = channel(4, 8, 0);
    let policy = Policy::Block {
        max_wait: Duration::from_secs(10),
        then: Then::Evict,
    };
    let mut reader = reader(&mut writer, &memory, policy, 1);
    let now = Instant::now();
    publish(&mut writer, now);
    let Err(LoanError::Held { subscription, .. }) = writer.loan(now) else {
        panic!("the frame was not taken");
    };
    let held = writer.held_by(subscription).unwrap();
    let waiting = std::thread::spawn(move || {
        let begun = Instant::now();
        held.wait(LONG);
        begun.elapsed()
    });
    // The writer is free meanwhile.
    assert_eq!(writer.stats(now).subscriptions[0].lag, 1);
    drop(frame(&mut reader));
    assert!(waiting.join().unwrap() < LONG, "bounded whatever was asked");
    assert_eq!(publish(&mut writer, now), 2);
    assert!(writer.unsubscribe(subscription));
    assert!(writer.held_by(subscription).is_none());
}

#[test]
fn a_reader_that_left_and_kept_a_frame_is_not_waited_for() {
    let (mut writer, memory) = channel(4, 8, 0);
    let policy = Policy::Block {
        max_wait: Duration::from_secs(10),
        then: Then::DropNew,
    };
    let mut reader = reader(&mut writer, &memory, policy, 1);
    let now = Instant::now();
    publish(&mut writer, now);
    let kept = frame(&mut reader);
    publish(&mut writer, now);
    assert!(matches!(writer.loan(now), Err(LoanError::Held { .. })));
    drop(reader);
    for _ in 0..20 {
        publish(&mut writer, now);
    }
    assert_eq!(kept[..], super::payload(1, 8));
    let stats = writer.stats(now);
    assert_eq!((stats.subscriptions[0].pins, stats.dropped), (1, 0));
}
