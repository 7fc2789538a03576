//! Asks a quiet peer whether it is there.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior};

/// The clock of one connection. It ticks as often as the peer may be quiet, and is never moved on: traffic only leaves a
/// mark.
#[derive(Debug)]
pub(crate) struct Keepalive {
    ticks: Interval,
    timeout: Duration,
    heard: bool,
    /// When the peer was asked, if it has not been heard since.
    asked: Option<Instant>,
}

impl Keepalive {
    pub(crate) fn new(interval: Duration, timeout: Duration) -> Self {
        // An interval of nothing would never let the task sleep.
        let interval = interval.max(Duration::from_millis(1));
        let mut ticks = tokio::time::interval_at(Instant::now() + interval, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            ticks,
            timeout,
            heard: false,
            asked: None,
        }
    }

    /// Notes that something came.
    pub(crate) const fn heard(&mut self) {
        self.heard = true;
    }

    /// Ready with true when the peer is to be asked, and with false when it did not answer in time.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            let now = ready!(self.ticks.poll_tick(cx));
            if std::mem::take(&mut self.heard) {
                self.asked = None;
                continue;
            }
            match self.asked {
                None => {
                    self.asked = Some(now);
                    return Poll::Ready(true);
                }
                Some(asked) if now.duration_since(asked) >= self.timeout => {
                    return Poll::Ready(false);
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_heard_is_not_asked_and_one_that_is_not_ends() {
        let second = Duration::from_secs(1);
        let mut keepalive = Keepalive::new(second, second);
        assert!(
            poll_fn(|cx| keepalive.poll(cx)).await,
            "asked after a second"
        );
        keepalive.heard();
        let start = Instant::now();
        assert!(poll_fn(|cx| keepalive.poll(cx)).await, "asked again");
        assert_eq!(start.elapsed(), second * 2, "it was heard in between");
        assert!(!poll_fn(|cx| keepalive.poll(cx)).await, "not heard since");
    }
}
