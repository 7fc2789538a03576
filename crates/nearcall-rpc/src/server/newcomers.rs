//! Connections that have not yet said which wire they speak: a bounded number, the oldest makes room for the newest.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// The connections that have said nothing yet, oldest first.
#[derive(Debug)]
pub(crate) struct Newcomers {
    max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    queue: VecDeque<(u64, CancellationToken)>,
}

impl Newcomers {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max: max.max(1),
            waiting: Mutex::default(),
        })
    }

    /// Takes a connection in; where there is no room, the one that has been silent longest is told to go.
    pub(crate) fn enter(self: &Arc<Self>) -> Newcomer {
        let mut waiting = self.waiting();
        if waiting.queue.len() >= self.max
            && let Some((_, oldest)) = waiting.queue.pop_front()
        {
            oldest.cancel();
        }
        let id = waiting.next;
        waiting.next += 1;
        let pushed_out = CancellationToken::new();
        waiting.queue.push_back((id, pushed_out.clone()));
        Newcomer {
            all: Arc::clone(self),
            id,
            pushed_out,
            spoke: CancellationToken::new(),
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them, until it has spoken or is dropped.
#[derive(Debug)]
pub(crate) struct Newcomer {
    all: Arc<Newcomers>,
    id: u64,
    pushed_out: CancellationToken,
    spoke: CancellationToken,
}

impl Newcomer {
    /// Cancelled when this is dropped, which is when the connection is no newcomer any more.
    pub(crate) fn spoke(&self) -> CancellationToken {
        self.spoke.clone()
    }

    /// Cancelled when another needed the room.
    pub(crate) fn pushed_out(&self) -> CancellationToken {
        self.pushed_out.clone()
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.spoke.cancel();
        self.all.waiting().queue.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room() {
        let newcomers = Newcomers::new(2);
        let [first, second] = [newcomers.enter(), newcomers.enter()];
        let third = newcomers.enter();
        assert!(first.pushed_out.is_cancelled());
        assert!(!second.pushed_out.is_cancelled());
        drop(second);
        let _fourth = newcomers.enter();
        assert!(!third.pushed_out.is_cancelled());
    }
}
