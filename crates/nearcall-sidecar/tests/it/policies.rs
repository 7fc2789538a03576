//! Policies, and readers that lag.

use std::time::{Duration, Instant};

use nearcall_frames::{Geometry, LoanError, Policy, Then};
use nearcall_sidecar::{NextError, Options, Tier};

use super::served::{BYTES, IN_PLACE, LONG, Served, frame};

fn with(policy: Policy) -> Options {
    Options {
        policy,
        ..Options::default()
    }
}

#[tokio::test]
async fn a_slow_reader_finds_a_gap_and_harms_nobody() {
    for &tier in IN_PLACE {
        let mut served = Served::start().await;
        let policy = Policy::DropOldest { depth: 2 };
        let mut slow = served.open(tier, with(policy)).await;
        let mut quick = served.open(Tier::Broker, with(policy)).await;
        served.publish();
        let held = frame(&mut slow).await;
        assert_eq!(frame(&mut quick).await.seq(), 1);
        for seq in 2..=50 {
            served.publish();
            let frame = frame(&mut quick).await;
            assert_eq!((frame.seq(), frame.lost()), (seq, 0));
        }
        drop(held);
        // What was on its way before counts as taken.
        let (mut seen, mut lost) = (vec![1], 0);
        while seen.last() != Some(&50) {
            let frame = frame(&mut slow).await;
            lost += frame.lost();
            seen.push(frame.seq());
        }
        assert!(lost > 40, "{tier}: {lost} lost, {seen:?} seen");
        assert_eq!(lost + seen.len() as u64, 50, "{tier}: {seen:?}");
    }
}

#[tokio::test]
async fn latest_over_a_slow_stream_is_the_latest() {
    let mut served = Served::start().await;
    let mut stream = served.open(Tier::Inline, Options::default()).await;
    for _ in 0..40 {
        served.publish();
    }
    let mut newest = 0;
    let mut came = 0;
    while newest < 40 {
        newest = frame(&mut stream).await.seq();
        came += 1;
    }
    // Credit for two, and then the newest.
    assert!(came <= 4, "{came} frames came, most of them old");
}

#[tokio::test]
async fn a_writer_waits_for_who_asked_for_it_and_no_longer() {
    for &tier in IN_PLACE {
        let mut served = Served::start_with(Geometry::new(8, BYTES, 0).unwrap()).await;
        let policy = Policy::Block {
            max_wait: Duration::from_secs(9),
            then: Then::DropNew,
        };
        let mut stream = served.open(tier, with(policy)).await;
        served.publish();
        let first = loop {
            match served.writer.loan() {
                // The server takes frames for a stream of references as long as there is credit.
                Ok(_) => {}
                Err(LoanError::Held { .. }) => break frame(&mut stream).await,
                Err(error) => panic!("{tier}: {error}"),
            }
            served.publish();
        };
        assert_eq!((first.seq(), first.lost()), (1, 0));
        let next = first.seq() + 1;
        drop(first);
        let reader = tokio::spawn(async move {
            let mut next = next;
            while next < 30 {
                let frame = frame(&mut stream).await;
                assert_eq!((frame.seq(), frame.lost()), (next, 0));
                next += 1;
            }
        });
        let mut writer = served.writer;
        let published = tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            while writer.latest() < 30 {
                drop(writer.loan_waiting().unwrap());
                super::served::publish(&mut writer);
            }
            (writer, begun.elapsed())
        });
        let (_writer, took) = published.await.unwrap();
        assert!(took < LONG);
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn who_asked_to_be_evicted_is_told_so() {
    for tier in Tier::ALL {
        let mut served = Served::start_with(Geometry::new(8, BYTES, 0).unwrap()).await;
        let policy = Policy::Block {
            max_wait: Duration::ZERO,
            then: Then::Evict,
        };
        let mut stream = served.open(tier, with(policy)).await;
        served.publish();
        let held = frame(&mut stream).await;
        // A stream's frames count as taken when they are sent, up to its credit.
        for _ in 0..10 {
            served.publish();
        }
        let evicted = async {
            loop {
                match stream.next().await {
                    Ok(Some(_)) => {}
                    other => return other,
                }
            }
        };
        let outcome = tokio::time::timeout(LONG, evicted).await.unwrap();
        assert!(
            matches!(outcome, Err(NextError::Evicted)),
            "{tier}: {outcome:?}"
        );
        let again = tokio::time::timeout(LONG, stream.next()).await.unwrap();
        assert!(matches!(again, Err(NextError::Evicted)), "{tier}");
        // What it holds is not taken away.
        for _ in 0..30 {
            served.publish();
            tokio::task::yield_now().await;
        }
        assert!(
            held.bytes() == super::served::payload(1, BYTES),
            "{tier}: torn"
        );
        drop((held, stream));
        served.wait_for_readers(0).await;
    }
}

#[tokio::test]
async fn samples_come_no_more_often_than_asked_for() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let hz = 20;
        let mut stream = served.open(tier, with(Policy::Sample { hz })).await;
        let begun = Instant::now();
        for _ in 0..4 {
            served.publish();
            frame(&mut stream).await;
        }
        assert!(
            begun.elapsed() >= Duration::from_millis(3 * 1_000 / 20 - 5),
            "{tier}: {:?} for three pauses",
            begun.elapsed()
        );
    }
}

#[tokio::test]
async fn who_was_evicted_is_told_by_a_writer_that_never_pauses() {
    let mut served = Served::start_with(Geometry::new(8, BYTES, 0).unwrap()).await;
    let policy = Policy::Block {
        max_wait: Duration::ZERO,
        then: Then::Evict,
    };
    let mut stream = served.open(Tier::Broker, with(policy)).await;
    served.publish();
    drop(frame(&mut stream).await);
    for _ in 0..30 {
        // More than there is room for, so that there is a newer frame whenever it looks.
        for _ in 0..10 {
            served.publish();
        }
        match tokio::time::timeout(LONG, stream.next()).await.unwrap() {
            Ok(Some(_)) => {}
            other => {
                assert!(matches!(other, Err(NextError::Evicted)), "{other:?}");
                return;
            }
        }
    }
    panic!("it was not told");
}
