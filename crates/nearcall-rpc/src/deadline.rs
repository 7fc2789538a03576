//! When a call of ours ends at the latest.

use std::future::Future;
use std::time::{Duration, Instant};

use tonic::Status;

use crate::status::Reason;

/// When a call ends at the latest, and how long that was when it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) given: Duration,
}

impl Deadline {
    /// From now on; none where that is beyond what the clock can name.
    pub(crate) fn after(given: Duration) -> Option<Self> {
        let at = Instant::now().checked_add(given)?;
        Some(Self { at, given })
    }

    pub(crate) fn exceeded(&self) -> Status {
        let text = format!(
            "no answer within the {:?} that the call was given",
            self.given
        );
        Reason::DeadlineExceeded.status(text)
    }
}

/// Waits for something no longer than a deadline. Without a runtime there is nothing that could end the wait: calls that
/// block bound theirs where they wait.
pub(crate) async fn within<T>(
    deadline: Option<Deadline>,
    future: impl Future<Output = T>,
) -> Result<T, Status> {
    match deadline {
        None => Ok(future.await),
        Some(_) if tokio::runtime::Handle::try_current().is_err() => Ok(future.await),
        Some(deadline) => tokio::time::timeout_at(deadline.at.into(), future)
            .await
            .map_err(|_elapsed| deadline.exceeded()),
    }
}
