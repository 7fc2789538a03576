//! What stands between a host that is closed and the callbacks of C.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Counts the callbacks that run, and lets none in once it is shut.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<Inside>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    shut: bool,
    running: usize,
}

/// A callback that runs.
#[derive(Debug)]
pub(super) struct Running<'a>(&'a Gate);

impl Gate {
    /// Lets one in, unless it is shut.
    pub(super) fn enter(&self) -> Option<Running<'_>> {
        let mut state = self.state();
        if state.shut {
            return None;
        }
        state.running += 1;
        Some(Running(self))
    }

    /// Lets nobody in any more, and waits until nobody is inside.
    pub(super) fn shut(&self) {
        let mut state = self.state();
        state.shut = true;
        while state.running > 0 {
            state = self
                .left
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, Inside> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state().running -= 1;
        self.0.left.notify_all();
    }
}
