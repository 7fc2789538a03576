//! What became of the handlers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What became of handlers.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls that reached a handler.
    pub begun: AtomicUsize,
    /// Handlers that were dropped before they were done.
    pub dropped: AtomicUsize,
    /// Reports that handlers made, sent or not.
    pub reports: AtomicUsize,
    runs: Mutex<BTreeMap<String, usize>>,
}

impl Tally {
    /// Waits until as many handlers were dropped before they were done.
    ///
    /// # Panics
    ///
    /// That does not happen within [`PATIENCE`](crate::PATIENCE).
    pub async fn wait_dropped(&self, count: usize) {
        crate::eventually("handlers dropped", || {
            self.dropped.load(Ordering::SeqCst) >= count
        })
        .await;
    }

    /// Waits until as many calls have reached a handler.
    ///
    /// # Panics
    ///
    /// That does not happen within [`PATIENCE`](crate::PATIENCE).
    pub async fn wait_begun(&self, count: usize) {
        crate::eventually("handlers begun", || {
            self.begun.load(Ordering::SeqCst) >= count
        })
        .await;
    }

    /// How often orders of each label were carried out.
    pub fn runs(&self) -> BTreeMap<String, usize> {
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn ran(&self, label: &str) {
        if !label.is_empty() {
            let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
            *runs.entry(label.to_owned()).or_default() += 1;
        }
    }
}

/// Counts a handler that is dropped before it is told that it is done.
#[derive(Debug)]
pub(crate) struct Watched {
    tally: Arc<Tally>,
    done: bool,
}

impl Watched {
    pub(crate) fn new(tally: &Arc<Tally>) -> Self {
        tally.begun.fetch_add(1, Ordering::SeqCst);
        Self {
            tally: Arc::clone(tally),
            done: false,
        }
    }

    pub(crate) const fn done(&mut self) {
        self.done = true;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.done {
            self.tally.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}
