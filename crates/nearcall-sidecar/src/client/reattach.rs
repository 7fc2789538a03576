//! Opening a channel again when its server is gone, with pauses and up to a limit.

use std::time::Duration;

use tokio::time::Instant;
use tonic::Code;

use super::How;
use super::opening::{OpenError, Opened};
use crate::limits::{REATTACH_PAUSE_MAX, REATTACH_PAUSE_MIN, REATTACH_TIMEOUT};

/// How far the tries have come. It is kept, so that a try that was given up is gone on with.
#[derive(Debug, Default)]
pub(super) struct Reattach {
    since: Option<Instant>,
    pause: Duration,
}

impl Reattach {
    /// Tries until the channel is open, or cannot be, or the time is up.
    pub(super) async fn open(&mut self, how: &How) -> Result<Opened, OpenError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        loop {
            match how.open().await {
                Ok(opened) => {
                    *self = Self::default();
                    return Ok(opened);
                }
                Err(error) if !may_come_back(&error) || since.elapsed() >= REATTACH_TIMEOUT => {
                    *self = Self::default();
                    return Err(error);
                }
                Err(error) => {
                    tracing::debug!(%error, "the server of the frames is not back yet");
                    self.pause = (self.pause * 2).clamp(REATTACH_PAUSE_MIN, REATTACH_PAUSE_MAX);
                    tokio::time::sleep(self.pause).await;
                }
            }
        }
    }
}

/// A server that starts may not be there yet, or may not have the channel yet; and one that is left by many at once may
/// have to notice first.
fn may_come_back(error: &OpenError) -> bool {
    let OpenError::Refused(status) = error else {
        return false;
    };
    matches!(
        status.code(),
        Code::Unavailable | Code::NotFound | Code::ResourceExhausted | Code::DeadlineExceeded
    )
}
