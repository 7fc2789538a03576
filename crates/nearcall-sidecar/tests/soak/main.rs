//! Readers that come, go, stop and are killed at random, for seconds or for hours: nobody loses more than its policy says,
//! and what the server has of memory, descriptors and files is in the end what it was.
//!
//! ```sh
//! cargo xtask soak frames --minutes 10
//! ```

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and a long one says how it stands"
)]

mod belongings;
mod dice;
mod readers;
mod server;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use belongings::Belongings;
use dice::Dice;
use readers::Tally;
use server::Serving;

/// How long it goes on, in seconds; this long where nothing is said.
const SECONDS: &str = "NEARCALL_SOAK_SECONDS";
const SECONDS_DEFAULT: u64 = 20;

/// Set in the process that is measured, and in those that are killed.
const ROLE: &str = "NEARCALL_SOAK_ROLE";
const SEED: &str = "NEARCALL_SOAK_SEED";

/// Between these, everyone leaves and what is left is counted.
const ROUNDS: u32 = 5;

/// What may be left of the heap's own bookkeeping: a page for each of a few thousand readers is more than this.
const MEMORY_MAX: u64 = 12 * 1_024 * 1_024;

/// Far longer than the last reader takes to be noticed as gone.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn readers_that_come_go_and_are_killed_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program("judge");
    command.env("XDG_RUNTIME_DIR", folder.path());
    command
        .env_remove("NEARCALL_WORLD")
        .env_remove("NEARCALL_WIRE");
    let status = command.status().unwrap();
    assert!(status.success(), "{status}");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("nearcall"))
        .into_iter()
        .flatten()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The role that this process has; without one there is nothing to do.
#[test]
fn role() {
    match std::env::var(ROLE).as_deref() {
        Err(_) => {}
        Ok("judge") => judge(),
        Ok("victim") => readers::read_until_killed(number(SEED).unwrap_or(1)),
        Ok(other) => panic!("no role is named {other}"),
    }
}

fn program(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "role", "--nocapture"]);
    command.env(ROLE, role);
    command
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn judge() {
    let seed = number(SEED).unwrap_or_else(Dice::seed);
    let long = Duration::from_secs(number(SECONDS).unwrap_or(SECONDS_DEFAULT));
    println!("soak: {long:?}, {SEED}={seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        // What is made once and kept belongs to the beginning.
        Serving::start().await.stop().await;
        let before = Belongings::now();
        soak(seed, long, before).await;
    });
}

async fn soak(seed: u64, long: Duration, before: Belongings) {
    let serving = Serving::start().await;
    let tally = Arc::new(Tally::default());
    let mut dice = Dice::new(seed);
    // A first round, shorter, after which the heap has what it needs.
    round(&mut dice, long / ROUNDS / 2, &tally).await;
    let warm = serving.settled(&Belongings::of_server(&before)).await;
    println!("soak: warm: {warm}");
    let begun = Instant::now();
    let mut last = warm;
    for number in 1..=ROUNDS {
        round(&mut dice, long / ROUNDS, &tally).await;
        last = serving.settled(&warm).await;
        println!("soak: {number} of {ROUNDS}: {tally}; left: {last}");
    }
    let grown = last.memory.saturating_sub(warm.memory);
    assert!(grown <= MEMORY_MAX, "{grown} bytes more than at first");
    let published = serving.published();
    serving.stop().await;
    let deadline = Instant::now() + LONG;
    while !Belongings::now().is_same(&before) {
        let now = Belongings::now();
        assert!(Instant::now() < deadline, "at first {before}, now {now}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!(
        "soak: {:?}: {tally}; {published} frames published in the last region; at the end {}, at the beginning {before}",
        begun.elapsed(),
        Belongings::now()
    );
    let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    let seconds = long.as_secs();
    assert!(count(&tally.attached) >= seconds, "{tally}");
    assert!(count(&tally.killed) * 4 >= seconds, "{tally}");
    assert!(count(&tally.frames) >= seconds, "{tally}");
}

/// Readers within this process and in others, until the time is up and all of them have left.
async fn round(dice: &mut Dice, long: Duration, tally: &Arc<Tally>) {
    let until = Instant::now() + long;
    let mut all = Vec::new();
    for _ in 0..3 {
        let (dice, tally) = (dice.split(), Arc::clone(tally));
        all.push(tokio::spawn(readers::come_and_go(dice, until, tally)));
    }
    for _ in 0..2 {
        let (dice, tally) = (dice.split(), Arc::clone(tally));
        all.push(tokio::task::spawn_blocking(move || {
            readers::kill(dice, until, &tally);
        }));
    }
    for one in all {
        one.await.unwrap();
    }
}
