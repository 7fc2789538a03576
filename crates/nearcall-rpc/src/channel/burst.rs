//! How many requests go out together.
//!
//! All calls that become ready at once would be written at once: the server then works while its client waits, and the
//! client while the server waits. So a call that finds many before it that are not written yet lets the connection have
//! its turn first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::limits::BURST_MAX;

/// How many turns a request waits at most: a connection that cannot write has other ways to say so.
const TURNS_MAX: u32 = 4;

/// Requests of one connection since it last wrote. A hint, so its accesses are relaxed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Burst(Arc<AtomicU32>);

impl Burst {
    /// Counts a request; where enough are on their way, first lets the connection have a few turns of the runtime.
    pub(crate) async fn join(&self) {
        for _ in 0..TURNS_MAX {
            if self.0.load(Ordering::Relaxed) < BURST_MAX {
                break;
            }
            tokio::task::yield_now().await;
        }
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// What is on its way has been written.
    pub(crate) fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready};

    use super::*;

    #[tokio::test]
    async fn a_burst_is_as_long_as_its_limit_until_it_is_written() {
        let burst = Burst::default();
        for _ in 0..2 {
            for _ in 0..BURST_MAX {
                assert_ready!(tokio_test::task::spawn(burst.join()).poll());
            }
            burst.end();
        }
        for _ in 0..BURST_MAX {
            burst.join().await;
        }
        let mut late = tokio_test::task::spawn(burst.join());
        assert_pending!(late.poll());
        burst.end();
        assert_ready!(late.poll());
    }

    #[tokio::test]
    async fn a_request_goes_out_even_where_nothing_is_written() {
        let burst = Burst::default();
        for _ in 0..2 * BURST_MAX {
            burst.join().await;
        }
    }
}
