//! The writer's laps.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::hand_over::{say, wait};
use crate::{Frame, Result};

/// The warm-up's share of the time of the lap that counts, and the most it takes.
const WARM_UP: f64 = 0.25;
const WARM_UP_MAX: Duration = Duration::from_millis(150);

/// The fewest frames of a lap, however slow: one to begin with, and one to measure.
const FRAMES_MIN: u64 = 2;

/// What a writer is to do.
#[derive(Debug, Clone)]
pub struct Writes {
    payload: usize,
    time: Duration,
    /// From one frame to the next; zero is as fast as it goes.
    pace: Duration,
    number: u64,
}

impl Writes {
    pub(crate) fn new(payload: usize, time: Duration, pace: Duration) -> Self {
        Self {
            payload,
            time,
            pace,
            number: 0,
        }
    }

    /// Waits until the readers are there, publishes frames to warm up and then those that count, and waits until they
    /// were read.
    ///
    /// # Errors
    ///
    /// That of `publish`, or the driver is gone.
    pub fn run(mut self, mut publish: impl FnMut(&Frame) -> Result<()>) -> Result<()> {
        wait()?;
        let warm_up = self.time.mul_f64(WARM_UP).min(WARM_UP_MAX);
        self.lap(warm_up, false, &mut publish)?;
        say("ready")?;
        wait()?;
        self.lap(self.time, true, &mut publish)?;
        say("done")?;
        wait()
    }

    fn lap(
        &mut self,
        time: Duration,
        counts: bool,
        publish: &mut impl FnMut(&Frame) -> Result<()>,
    ) -> Result<()> {
        let start = Instant::now();
        let mut due = start;
        let mut frames = 0;
        loop {
            if !self.pace.is_zero() {
                // One that is late is followed at the pace, not by a burst.
                due = Instant::now().max(due + self.pace);
                sleep(due.saturating_duration_since(Instant::now()));
            }
            frames += 1;
            self.number += 1;
            let ends = frames >= FRAMES_MIN && start.elapsed() >= time;
            let frame = Frame::new(self.number, self.payload, counts, counts && ends);
            publish(&frame)?;
            if ends {
                return Ok(());
            }
        }
    }
}
