//! Each policy as a state machine: random steps, with what must come out said beside each.

use std::time::{Duration, Instant};

use nearcall_frames::{
    Gap, Lease, LoanError, Next, NextError, Policy, Reader, State, Then, Writer,
};
use proptest::prelude::*;

use super::payload;
use super::real::{Data, View, channel, reader};

const HISTORY: u32 = 3;
const PINS: u32 = 2;
const BYTES: usize = 24;
const WAIT: Duration = Duration::from_millis(100);

#[derive(Debug, Clone)]
enum Step {
    Publish,
    Take,
    LetGo(usize),
    Pass(Duration),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Publish),
        4 => Just(Step::Take),
        3 => (0..PINS as usize).prop_map(Step::LetGo),
        1 => (0_u64..150).prop_map(|ms| Step::Pass(Duration::from_millis(ms))),
    ];
    proptest::collection::vec(step, 1..200)
}

/// A channel, one reader of it, and what there is to know.
struct World {
    writer: Writer<Data>,
    reader: Reader<View>,
    held: Vec<Lease<View>>,
    now: Instant,
    /// The next frame that has not come.
    next: u64,
}

impl World {
    fn new(policy: Policy) -> Self {
        let (mut writer, memory) = channel(HISTORY + PINS + 2, BYTES, HISTORY);
        let reader = reader(&mut writer, &memory, policy, PINS);
        Self {
            writer,
            reader,
            held: Vec::new(),
            now: Instant::now(),
            next: 1,
        }
    }

    fn publish(&mut self) -> Result<u64, LoanError> {
        let bytes = payload(self.writer.latest() + 1, BYTES);
        let mut loan = self.writer.loan(self.now)?;
        loan.write(0, &bytes).unwrap();
        Ok(loan
            .publish(BYTES, &nearcall_frames::Details::default())
            .unwrap())
    }

    /// Takes what comes; `None` when all pins are in use, which is checked here.
    fn take(&mut self) -> Option<Next<View>> {
        match self.reader.next(self.now) {
            Ok(next) => Some(next),
            Err(error) => {
                assert_eq!(error, NextError::AllHeld { granted: PINS });
                assert_eq!(self.held.len(), PINS as usize);
                None
            }
        }
    }

    fn hold(&mut self, lease: Lease<View>) {
        self.next = lease.seq() + 1;
        self.held.push(lease);
    }

    fn nothing_held_changed(&self) {
        for lease in &self.held {
            assert_eq!(
                lease[..],
                payload(lease.seq(), BYTES),
                "frame {} changed",
                lease.seq()
            );
        }
    }

    /// The steps that are alike for all policies; the others are left to `step`.
    fn run(&mut self, steps: Vec<Step>, mut step: impl FnMut(&mut Self, &Step)) {
        for one in steps {
            match &one {
                Step::LetGo(index) if *index < self.held.len() => drop(self.held.remove(*index)),
                Step::LetGo(_) => {}
                Step::Pass(time) => self.now += *time,
                Step::Publish | Step::Take => step(self, &one),
            }
            self.nothing_held_changed();
        }
    }
}

/// Every frame in turn, at most `depth` behind, gaps told exactly.
fn take_in_turn(world: &mut World, depth: u64) {
    let latest = world.writer.latest();
    let oldest = (latest + 1).saturating_sub(depth);
    match world.take() {
        None => assert!(latest >= world.next && oldest <= world.next),
        Some(Next::Frame(lease)) => {
            assert_eq!(lease.seq(), world.next);
            assert!(lease.seq() >= oldest);
            world.hold(lease);
        }
        Some(Next::Gap(gap)) => {
            let expected = Gap {
                first: world.next,
                last: oldest - 1,
            };
            assert_eq!(gap, expected);
            world.next = oldest;
        }
        Some(other) => {
            assert!(matches!(other, Next::Nothing { again: None }), "{other:?}");
            assert_eq!(
                world.next,
                latest + 1,
                "nothing comes only when all has come"
            );
        }
    }
}

proptest! {
    #[test]
    fn latest(steps in steps()) {
        let mut world = World::new(Policy::Latest);
        world.run(steps, |world, step| match step {
            Step::Publish => assert!(world.publish().is_ok(), "it never holds the writer up"),
            _ => {
                let latest = world.writer.latest();
                match world.take() {
                    None => {}
                    Some(Next::Frame(lease)) => {
                        assert_eq!(lease.seq(), latest);
                        assert!(lease.seq() >= world.next);
                        world.hold(lease);
                    }
                    Some(_) => assert_eq!(world.next, latest + 1),
                }
            }
        });
    }

    #[test]
    fn drop_oldest(steps in steps(), depth in 1..=HISTORY + 1) {
        let mut world = World::new(Policy::DropOldest { depth });
        world.run(steps, |world, step| match step {
            Step::Publish => assert!(world.publish().is_ok(), "it never holds the writer up"),
            _ => take_in_turn(world, depth.into()),
        });
    }

    #[test]
    fn sample(steps in steps(), hz in 1_u32..100) {
        let mut world = World::new(Policy::Sample { hz });
        let mut due = world.now;
        world.run(steps, |world, step| match step {
            Step::Publish => assert!(world.publish().is_ok(), "it never holds the writer up"),
            _ => {
                let latest = world.writer.latest();
                match world.take() {
                    None => assert!(world.now >= due),
                    Some(Next::Frame(lease)) => {
                        assert!(world.now >= due, "too soon");
                        assert_eq!(lease.seq(), latest);
                        due = world.now + Duration::from_secs(1) / hz;
                        world.hold(lease);
                    }
                    Some(Next::Nothing { again: Some(again) }) => {
                        assert_eq!(again, due);
                        assert!(world.now < due);
                    }
                    Some(other) => {
                        assert!(matches!(other, Next::Nothing { again: None }), "{other:?}");
                        assert_eq!(world.next, latest + 1);
                    }
                }
            }
        });
    }

    #[test]
    fn block(steps in steps(), then in 0..3) {
        let then = [Then::DropNew, Then::Demote, Then::Evict][then as usize];
        let mut world = World::new(Policy::Block { max_wait: WAIT, then });
        let mut since = None;
        let mut let_go = false;
        let mut dropped = 0;
        world.run(steps, |world, step| match step {
            Step::Publish => {
                let oldest_left = (world.writer.latest() + 1).saturating_sub(HISTORY.into());
                let lags = world.next < oldest_left && !let_go;
                if !lags {
                    since = None;
                }
                let published = world.publish();
                if !lags {
                    assert!(published.is_ok(), "{published:?}");
                    return;
                }
                let began = *since.get_or_insert(world.now);
                if world.now < began + WAIT {
                    assert!(matches!(published, Err(LoanError::Held { until, .. }) if until == began + WAIT), "{published:?}");
                } else if then == Then::DropNew {
                    dropped += 1;
                    assert!(matches!(published, Err(LoanError::Dropped { .. })), "{published:?}");
                } else {
                    let_go = true;
                    assert!(published.is_ok(), "{published:?}");
                }
            }
            _ => {
                let before = world.next;
                take_in_turn(world, u64::from(HISTORY) + 1);
                let came_in_turn = world.next <= before + 1;
                assert!(came_in_turn || let_go, "no gap for one that is waited for");
            }
        });
        let stats = world.writer.stats(world.now);
        prop_assert_eq!((stats.dropped, stats.subscriptions[0].dropped), (dropped, dropped));
        let expected = match (let_go, then) {
            (false, _) => State::Live,
            (true, Then::Demote) => State::Demoted,
            (true, _) => State::Evicted,
        };
        prop_assert_eq!(stats.subscriptions[0].state, expected);
    }
}
