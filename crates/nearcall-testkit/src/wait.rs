//! Waiting for a condition, with a bound, in place of sleeping.

use std::time::{Duration, Instant};

/// How long a test waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Waits until something holds.
///
/// # Panics
///
/// It does not hold within [`PATIENCE`].
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < PATIENCE,
            "did not happen within {PATIENCE:?}: {what}"
        );
        nearcall::tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
