//! When a call, or a connection, is tried again.

use std::time::Duration;

use tower::retry::backoff::{
    Backoff as _, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff,
};
use tower::retry::budget::{Budget, TpsBudget};
use tower::util::rng::HasherRng;

use crate::limits::{BACKOFF_MAX, BACKOFF_MIN, RETRIES_PER_SECOND_MIN, RETRY_SHARE_MAX};

/// For how long a call counts for the share of calls that may be repeated.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);

/// How far a wait may be from its middle, as a share of it, so that many callers do not come back at one moment.
const JITTER: f64 = 0.5;

/// What keeps repeated calls to a small share of all, so that a server in trouble is not asked ever more.
pub(crate) struct Retries {
    budget: TpsBudget,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            budget: TpsBudget::new(BUDGET_WINDOW, RETRIES_PER_SECOND_MIN, RETRY_SHARE_MAX),
        }
    }
}

impl Retries {
    /// Counts a call that was made once.
    pub(crate) fn count(&self) {
        self.budget.deposit();
    }

    /// Whether one more call may be repeated.
    pub(crate) fn allowed(&self) -> bool {
        self.budget.withdraw()
    }
}

impl std::fmt::Debug for Retries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Retries")
    }
}

/// Waits that grow from [`BACKOFF_MIN`] to [`BACKOFF_MAX`], each a little off so that callers spread.
#[derive(Debug)]
pub(crate) struct Backoff {
    /// Made with the first wait, as it needs a runtime.
    waits: Option<ExponentialBackoff<HasherRng>>,
    /// How often a thread slept for want of one.
    paused: u32,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self {
            waits: None,
            paused: 0,
        }
    }

    /// Waits as long as it is this time.
    pub(crate) async fn wait(&mut self) {
        if tokio::runtime::Handle::try_current().is_err() {
            // The thread is its caller's own, and is there to wait.
            self.pause();
            return;
        }
        self.waits().next_backoff().await;
    }

    fn pause(&mut self) {
        let longest = BACKOFF_MIN
            .saturating_mul(1 << self.paused.min(16))
            .min(BACKOFF_MAX);
        self.paused += 1;
        std::thread::sleep(longest.mul_f64(1.0 - JITTER * fastrand::f64()));
    }

    fn waits(&mut self) -> &mut ExponentialBackoff<HasherRng> {
        self.waits.get_or_insert_with(|| {
            let maker =
                ExponentialBackoffMaker::new(BACKOFF_MIN, BACKOFF_MAX, JITTER, HasherRng::new());
            maker.expect("the limits are in order").make_backoff()
        })
    }
}
