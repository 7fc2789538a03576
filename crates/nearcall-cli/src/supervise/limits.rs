//! How long and how often.

use std::time::Duration;

/// Every wait and count of supervision.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// A process that does not serve this long after its start is stopped and counts as failed. Default 30 s.
    pub(crate) ready_wait: Duration,
    /// The pause between two health checks of a service that starts. Default 50 ms.
    pub(crate) starting_probe_interval: Duration,
    /// The pause between two health checks of a service that serves. Default 2 s.
    pub(crate) serving_probe_interval: Duration,
    /// How long one health check may take. Default 1 s.
    pub(crate) probe_wait: Duration,
    /// The pause before the first restart. Default 200 ms.
    pub(crate) backoff_first: Duration,
    /// The longest pause before a restart. Default 10 s.
    pub(crate) backoff_max: Duration,
    /// A service whose process ends this many times within `failure_window` is given up. Default 5.
    pub(crate) failures_max: usize,
    /// Failures older than this are forgotten, and the pauses start over. Default 60 s.
    pub(crate) failure_window: Duration,
    /// How long what a process has printed is still read after its end. Default 1 s.
    pub(crate) output_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ready_wait: Duration::from_secs(30),
            starting_probe_interval: Duration::from_millis(50),
            serving_probe_interval: Duration::from_secs(2),
            probe_wait: Duration::from_secs(1),
            backoff_first: Duration::from_millis(200),
            backoff_max: Duration::from_secs(10),
            failures_max: 5,
            failure_window: Duration::from_secs(60),
            output_wait: Duration::from_secs(1),
        }
    }
}

/// How many events may wait for one reader before it loses the oldest; it then asks for the whole status again.
pub(crate) const EVENT_QUEUE_MAX: usize = 256;
