//! What a channel does when all goes well.

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
use std::collections::HashSet;
use std::time::{Duration, Instant};

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
use nearcall_frames::Reader;
use nearcall_frames::meta::{Rectangle, Video};
use nearcall_frames::{Details, End, Meta, Next, NextError, Policy, PublishError, State, Writer};

use super::real::{Data, channel, reader};
use super::{frame, is_nothing, payload, publish};

#[test]
fn a_frame_arrives_with_all_that_was_said_of_it() {
    let (mut writer, memory) = channel(4, 100, 0);
    let mut reader = reader(&mut writer, &memory, Policy::Latest, 1);
    assert!(is_nothing(&mut reader));
    let damage = [Rectangle {
        x: 1,
        y: 2,
        width: 3,
        height: 4,
    }];
    let details = Details {
        meta: Meta::Video(Video::new(5, 5, 20, *b"XR24").with_damage(&damage)),
        captured: 77,
        crc: Some(0xdead_beef),
        user: *b"twenty-four bytes, ours.",
    };
    let mut writer = writer.with_clock(|| 99);
    let mut loan = writer.loan(Instant::now()).unwrap();
    assert_eq!((loan.seq(), loan.capacity()), (1, 100));
    loan.write(0, b"drawn").unwrap();
    loan.write(5, b" in place").unwrap();
    assert_eq!(loan.publish(14, &details).unwrap(), 1);

    let Next::Frame(lease) = reader.next(Instant::now()).unwrap() else {
        panic!("there is a frame");
    };
    assert_eq!(&lease[..], b"drawn in place");
    let info = lease.info();
    assert_eq!((info.seq, info.captured, info.published), (1, 77, 99));
    assert_eq!(
        (info.crc, &info.user, lease.meta()),
        (details.crc, &details.user, &details.meta)
    );
}

#[test]
fn what_is_held_does_not_change() {
    let (mut writer, memory) = channel(6, 64, 0);
    let mut reader = reader(&mut writer, &memory, Policy::Latest, 4);
    let now = Instant::now();
    let mut held = Vec::new();
    for _ in 0..4 {
        publish(&mut writer, now);
        held.push(frame(&mut reader));
    }
    publish(&mut writer, now);
    assert_eq!(
        reader.next(now).unwrap_err(),
        NextError::AllHeld { granted: 4 }
    );
    for _ in 0..50 {
        publish(&mut writer, now);
    }
    for lease in &held {
        assert_eq!(lease[..], payload(lease.seq(), 64));
    }
    drop(held.remove(1));
    assert_eq!(frame(&mut reader).seq(), 55);
    assert!(is_nothing(&mut reader));
}

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
#[test]
fn frames_that_all_have_taken_alternate_between_two_slots() {
    let (mut writer, memory) = channel(8, 64, 2);
    let policy = Policy::DropOldest { depth: 3 };
    let mut prompt = reader(&mut writer, &memory, policy, 1);
    let mut late = reader(&mut writer, &memory, policy, 1);
    let now = Instant::now();
    let mut round = |late: &mut Reader<_>| {
        publish(&mut writer, now);
        let at = frame(&mut prompt).as_ptr();
        drop(frame(late));
        at
    };
    // Every slot is touched once, before any is written again.
    let first: HashSet<_> = (0..8).map(|_| round(&mut late)).collect();
    assert_eq!(first.len(), 8);
    let later: HashSet<_> = (0..20).map(|_| round(&mut late)).collect();
    assert_eq!(later.len(), 2);
    // What one has not taken is kept, as far back as the channel promises.
    for _ in 0..20 {
        for _ in 0..3 {
            publish(&mut writer, now);
            drop(frame(&mut prompt));
        }
        let taken = [(); 3].map(|()| frame(&mut late).seq());
        let latest = writer.latest();
        assert_eq!(taken, [latest - 2, latest - 1, latest]);
    }
}

#[test]
fn a_lease_outlives_its_reader_and_moves_between_threads() {
    let (mut writer, memory) = channel(3, 64, 0);
    let mut reader = reader(&mut writer, &memory, Policy::Latest, 1);
    publish(&mut writer, Instant::now());
    let lease = frame(&mut reader);
    drop(reader);
    let thread = std::thread::spawn(move || {
        let right = lease[..] == payload(1, 64)[..];
        (right, lease)
    });
    for _ in 0..20 {
        publish(&mut writer, Instant::now());
    }
    let (right, lease) = thread.join().unwrap();
    assert!(right);
    assert_eq!(lease[..], payload(1, 64));
    assert_eq!(writer.stats(Instant::now()).subscriptions[0].pins, 1);
    drop(lease);
    assert_eq!(writer.stats(Instant::now()).subscriptions[0].pins, 0);
}

#[test]
fn what_was_begun_and_not_published_is_seen_by_nobody() {
    let (mut writer, memory) = channel(4, 8, 1);
    let mut reader = reader(&mut writer, &memory, Policy::DropOldest { depth: 2 }, 1);
    let now = Instant::now();
    for round in 0..10 {
        let mut loan = writer.loan(now).unwrap();
        loan.write(0, b"halfway").unwrap();
        drop(loan);
        assert!(is_nothing(&mut reader), "round {round}");
        let seq = publish(&mut writer, now);
        assert_eq!(seq, round + 1, "no number is lost");
        assert_eq!(frame(&mut reader).seq(), seq);
    }
}

#[test]
fn a_frame_that_does_not_fit_is_refused() {
    let (mut writer, memory) = channel(3, 8, 0);
    let mut reader = reader(&mut writer, &memory, Policy::Latest, 1);
    let now = Instant::now();
    let details = Details::default();
    let too_long = |length| Err(PublishError::TooLong { length, most: 8 });
    assert_eq!(writer.copy(now, &[0; 9], &details), too_long(9));
    assert_eq!(writer.loan(now).unwrap().publish(9, &details), too_long(9));
    let mut loan = writer.loan(now).unwrap();
    assert_eq!(loan.write(1, &[0; 8]), too_long(9).map(|_: u64| ()));
    assert_eq!(
        loan.write(usize::MAX, &[0; 8]),
        too_long(usize::MAX).map(|_: u64| ())
    );
    drop(loan);
    assert!(is_nothing(&mut reader));
    assert_eq!(
        writer.copy(now, &[], &details),
        Ok(1),
        "no bytes are a frame too"
    );
    let Next::Frame(lease) = reader.next(now).unwrap() else {
        panic!("there is a frame");
    };
    assert!(lease.is_empty());
}

#[test]
fn who_joins_late_begins_with_the_frame_that_is_there() {
    let (mut writer, memory) = channel(6, 8, 2);
    for _ in 0..5 {
        publish(&mut writer, Instant::now());
    }
    for policy in [Policy::Latest, Policy::DropOldest { depth: 3 }] {
        let mut late = reader(&mut writer, &memory, policy, 1);
        assert_eq!(frame(&mut late).seq(), 5, "{policy:?}");
        assert!(is_nothing(&mut late));
        assert_eq!(
            late.newest().unwrap().unwrap().seq(),
            5,
            "and can look again"
        );
    }
}

#[test]
fn the_end_is_told_after_the_last_frame() {
    type Ending = fn(Writer<Data>);
    let cases: [(Ending, End); 2] = [(drop, End::Closed), (Writer::retire, End::Retired)];
    for (end, expected) in cases {
        let (mut writer, memory) = channel(4, 8, 1);
        let mut reader = reader(&mut writer, &memory, Policy::DropOldest { depth: 2 }, 1);
        publish(&mut writer, Instant::now());
        publish(&mut writer, Instant::now());
        end(writer);
        assert_eq!(frame(&mut reader).seq(), 1);
        assert_eq!(frame(&mut reader).seq(), 2);
        let found = reader.next(Instant::now()).unwrap();
        assert!(
            matches!(found, Next::End(end) if end == expected),
            "{found:?}"
        );
        assert!(
            !reader.sleep(false),
            "nobody sleeps on a channel that has ended"
        );
    }
}

#[test]
fn stats_say_who_lags_and_what_is_held() {
    let (mut writer, memory) = channel(8, 8, 0);
    let mut one = reader(&mut writer, &memory, Policy::Latest, 2);
    let _other = reader(&mut writer, &memory, Policy::Latest, 3);
    let start = Instant::now();
    publish(&mut writer, start);
    let lease = frame(&mut one);
    publish(&mut writer, start + Duration::from_secs(1));
    publish(&mut writer, start + Duration::from_secs(2));
    let stats = writer.stats(start + Duration::from_secs(5));
    assert_eq!(
        (stats.published, stats.dropped, stats.without_slot),
        (3, 0, 0)
    );
    let [one, other] = &stats.subscriptions[..] else {
        panic!("{stats:?}");
    };
    assert_eq!(
        (one.lag, one.pins, one.pins_granted, one.state),
        (2, 1, 2, State::Live)
    );
    assert_eq!(one.oldest_pin_age, Some(Duration::from_secs(5)));
    assert_eq!((other.lag, other.pins, other.oldest_pin_age), (3, 0, None));
    drop(lease);
    assert!(writer.unsubscribe(one.id));
    assert!(!writer.unsubscribe(one.id), "once");
    assert_eq!(writer.stats(start).subscriptions.len(), 1);
}
