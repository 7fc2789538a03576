//! A writer that a reader holds up.

use std::time::{Duration, Instant};

use nearcall_frames::{Geometry, Policy, Then};
use nearcall_sidecar::Options;

use super::changing::until_held;
use super::served::{BYTES, IN_PLACE, Served};

/// How often this thread went to sleep and was woken.
fn sleeps() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_writer_that_is_held_up_sleeps_until_the_reader_goes_on() {
    for &tier in IN_PLACE {
        let mut served = Served::start_with(Geometry::new(8, BYTES, 0).unwrap()).await;
        let policy = Policy::Block {
            max_wait: Duration::from_secs(9),
            then: Then::DropNew,
        };
        let options = Options {
            policy,
            ..Options::default()
        };
        let mut stream = served.open(tier, options).await;
        until_held(&mut served).await;
        let mut writer = served.writer;
        let waiting = std::thread::spawn(move || {
            let (before, begun) = (sleeps(), Instant::now());
            drop(writer.loan_waiting().unwrap());
            (sleeps() - before, begun.elapsed(), writer)
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        let reader = tokio::spawn(async move { while stream.next().await.is_ok() {} });
        let waited = tokio::task::spawn_blocking(move || waiting.join().unwrap());
        let (sleeps, took, writer) = waited.await.unwrap();
        assert!(took >= Duration::from_millis(400), "{tier}: {took:?}");
        assert!(took < Duration::from_secs(9), "{tier}: woken, not over");
        // One look each 20 ms at whether the reader lives. A look each millisecond would be hundreds, and is how a word is
        // waited for where there is no futex.
        let looks_after = if cfg!(nearcall_posix) { 1 } else { 20 };
        let most = took.as_millis() as u64 / looks_after + 20;
        assert!(sleeps <= most, "{tier}: {sleeps} sleeps in {took:?}");
        drop(writer);
        reader.abort();
    }
}
