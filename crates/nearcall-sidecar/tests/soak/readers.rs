//! Readers: those that leave by themselves, and those that are killed.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nearcall_frames::{Policy, Then};
use nearcall_rpc::Channel;
use nearcall_sidecar::{Frame, FrameStream, NextError, OpenError, Options, Tier};
use tonic::Code;

use super::dice::Dice;
use super::server::{NAME, SERVER, payload};
use super::{LONG, SEED, program};

/// What happened.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) attached: AtomicU64,
    pub(crate) killed: AtomicU64,
    pub(crate) frames: AtomicU64,
    refused: AtomicU64,
    changed: AtomicU64,
    evicted: AtomicU64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} attached, {} processes killed, {} frames read, {} refused for want of room, {} policies changed, {} evicted",
            count(&self.attached),
            count(&self.killed),
            count(&self.frames),
            count(&self.refused),
            count(&self.changed),
            count(&self.evicted)
        )
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn policy(dice: &mut Dice) -> Policy {
    let then = [Then::DropNew, Then::Demote, Then::Evict][dice.below(3) as usize];
    match dice.below(4) {
        0 => Policy::Latest,
        1 => Policy::DropOldest { depth: 3 },
        2 => Policy::Sample { hz: 100 },
        _ => Policy::Block {
            max_wait: Duration::from_millis(dice.below(30)),
            then,
        },
    }
}

fn options(dice: &mut Dice) -> Options {
    let tiers = match dice.below(5) {
        0 => vec![Tier::Broker],
        1 => vec![Tier::Proc],
        2 => vec![Tier::Inline],
        3 => vec![Tier::File],
        _ => Tier::ALL.to_vec(),
    };
    Options {
        policy: policy(dice),
        pins: 1 + dice.below(4) as u32,
        tiers,
        ..Options::default()
    }
}

/// Attaches, reads, changes its mind and detaches, again and again.
pub(crate) async fn come_and_go(mut dice: Dice, until: Instant, tally: Arc<Tally>) {
    while Instant::now() < until {
        let channel = Channel::connect(SERVER).await.unwrap();
        // Several subscriptions may come and go with one connection.
        for _ in 0..=dice.below(3) {
            visit(&mut dice, &channel, &tally).await;
        }
    }
}

async fn visit(dice: &mut Dice, channel: &Channel, tally: &Tally) {
    let opening = options(dice).open(channel, NAME);
    let mut stream = match tokio::time::timeout(LONG, opening).await.unwrap() {
        Ok(stream) => stream,
        Err(OpenError::Refused(status)) if status.code() == Code::ResourceExhausted => {
            return add(&tally.refused);
        }
        Err(error) => panic!("{error}: {error:?}"),
    };
    add(&tally.attached);
    let mut kept = Vec::new();
    for _ in 0..dice.below(40) {
        match dice.below(12) {
            0 => {
                let set = stream.set_policy(policy(dice)).await;
                set.unwrap_or_else(|error| panic!("{error}: {error:?}"));
                add(&tally.changed);
            }
            // Given up on the way, which loses nothing.
            1 => {
                let next = tokio::time::timeout(Duration::ZERO, take(&mut stream)).await;
                kept.extend(next.ok().and_then(Result::ok));
            }
            // Long enough to lag.
            2 => tokio::time::sleep(Duration::from_millis(dice.below(40))).await,
            _ => match tokio::time::timeout(LONG, take(&mut stream)).await.unwrap() {
                Ok(frame) => {
                    add(&tally.frames);
                    kept.push(frame);
                }
                Err(NextError::AllHeld { .. }) => drop(kept.remove(0)),
                Err(NextError::Evicted) => {
                    add(&tally.evicted);
                    break;
                }
                // Where the room that it had is another's by now, it gives up after a minute; that is not waited for.
                Err(error) => panic!("{error}: {error:?}"),
            },
        }
        while kept.len() > 1 + dice.below(4) as usize {
            check(&kept.remove(0));
        }
    }
    kept.iter().for_each(check);
}

async fn take(stream: &mut FrameStream) -> Result<Frame, NextError> {
    let frame = stream.next().await?.expect("the writer goes on");
    check(&frame);
    Ok(frame)
}

fn check(frame: &Frame) {
    let expected = payload(frame.seq(), frame.bytes().len());
    assert!(frame.bytes() == expected, "frame {} is torn", frame.seq());
}

/// Starts readers in processes of their own, and kills each at some moment, stopped or running.
pub(crate) fn kill(mut dice: Dice, until: Instant, tally: &Tally) {
    while Instant::now() < until {
        let mut command = program("victim");
        command
            .env(SEED, dice.number().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(dice.below(700)));
        if dice.below(4) == 0 {
            let pid = i32::try_from(child.id()).unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            let stop = rustix::process::Signal::STOP;
            rustix::process::kill_process(pid, stop).unwrap();
            std::thread::sleep(Duration::from_millis(dice.below(300)));
        }
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "it reads until it is killed: {ended:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        add(&tally.killed);
    }
}

/// A reader that is killed in the midst of it.
pub(crate) fn read_until_killed(seed: u64) {
    let dice = Dice::new(seed);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let forever = Instant::now() + Duration::from_secs(3_600);
    runtime.block_on(come_and_go(dice, forever, Arc::default()));
}
