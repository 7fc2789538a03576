//! What becomes of a thing that nobody uses.

use std::future::Future;

use tokio::task::AbortHandle;

/// A task that waits for the end of what it belongs to, and is ended with it if that comes first.
#[derive(Debug)]
pub(super) struct Expiry(AbortHandle);

impl Expiry {
    pub(super) fn new(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}
