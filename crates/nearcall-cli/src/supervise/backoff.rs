//! How long to wait before a service is started again, and when to stop trying.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Limits;

/// The latest failures of one service.
#[derive(Debug)]
pub(crate) struct Backoff {
    limits: Limits,
    failures: VecDeque<Instant>,
    random: fastrand::Rng,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Start again after this long.
    Again(Duration),
    /// Too many failures in too short a time.
    GiveUp,
}

impl Backoff {
    /// Counts from zero, with chance from the operating system.
    pub(crate) fn new(limits: Limits) -> Self {
        Self::seeded(limits, fastrand::u64(..))
    }

    fn seeded(limits: Limits, seed: u64) -> Self {
        Self {
            limits,
            failures: VecDeque::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Counts a failure at `now`. The pause doubles with each failure in the window; a random part of up to half of it
    /// is taken off, so that services that fell together do not all come back at one moment.
    pub(crate) fn fail(&mut self, now: Instant) -> Verdict {
        self.failures.push_back(now);
        while let Some(first) = self.failures.front()
            && now.duration_since(*first) > self.limits.failure_window
        {
            self.failures.pop_front();
        }
        if self.failures.len() >= self.limits.failures_max {
            return Verdict::GiveUp;
        }
        let doublings = u32::try_from(self.failures.len() - 1).unwrap_or(u32::MAX);
        let whole = self
            .limits
            .backoff_first
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(self.limits.backoff_max);
        Verdict::Again(whole.mul_f64(1.0 - 0.5 * self.random.f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            backoff_first: Duration::from_millis(100),
            backoff_max: Duration::from_millis(350),
            failures_max: 6,
            failure_window: Duration::from_secs(60),
            ..Limits::default()
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_then_it_is_given_up() {
        for seed in 0..200 {
            let mut backoff = Backoff::seeded(limits(), seed);
            let now = Instant::now();
            for whole in [100, 200, 350, 350, 350] {
                let whole = Duration::from_millis(whole);
                let verdict = backoff.fail(now);
                let Verdict::Again(pause) = verdict else {
                    panic!("seed {seed}: gave up before its time");
                };
                assert!(
                    whole / 2 <= pause && pause <= whole,
                    "seed {seed}: {pause:?} of {whole:?}"
                );
            }
            assert_eq!(backoff.fail(now), Verdict::GiveUp, "seed {seed}");
        }
    }

    #[test]
    fn old_failures_are_forgotten() {
        let mut backoff = Backoff::seeded(limits(), 1);
        let mut now = Instant::now();
        for _ in 0..100 {
            let Verdict::Again(pause) = backoff.fail(now) else {
                panic!("gave up on a service that fails once in 61 s");
            };
            assert!(pause <= Duration::from_millis(100));
            now += Duration::from_secs(61);
        }
    }

    #[test]
    fn pauses_differ_by_chance() {
        let pauses: std::collections::HashSet<_> = (0..50)
            .map(
                |seed| match Backoff::seeded(limits(), seed).fail(Instant::now()) {
                    Verdict::Again(pause) => pause,
                    Verdict::GiveUp => panic!("gave up at once"),
                },
            )
            .collect();
        assert!(pauses.len() > 40, "{}", pauses.len());
    }
}
