//! Doorbells of readers: those who have their memory handed over, and those within this process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nearcall_frames::{Doorbell, Policy, Rung};
use tokio::sync::Notify;

pub(super) use super::handing::FarBell;

/// The doorbell of a reader within this process, that sends on what it reads.
#[derive(Debug, Clone, Default)]
pub(super) struct NearBell(Arc<Near>);

#[derive(Debug, Default)]
struct Near {
    rung: Notify,
    evicted: AtomicBool,
    /// Another policy, which the reader has not gone over to yet.
    policy: Mutex<Option<Policy>>,
}

impl NearBell {
    /// Waits for a ring; one that came before counts.
    pub(super) async fn rung(&self) {
        self.0.rung.notified().await;
    }

    /// Has the reader go on by another policy.
    pub(super) fn set_policy(&self, policy: Policy) {
        *self.policy() = Some(policy);
        self.0.rung.notify_one();
    }

    /// The policy to go on by, where it is another; said once.
    pub(super) fn other_policy(&self) -> Option<Policy> {
        self.policy().take()
    }

    fn policy(&self) -> MutexGuard<'_, Option<Policy>> {
        self.0.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_evicted(&self) -> bool {
        self.0.evicted.load(Ordering::Acquire)
    }
}

impl Doorbell for NearBell {
    fn ring(&self) -> Rung {
        self.0.rung.notify_one();
        Rung::Yes
    }

    /// Its task ends the subscription when it goes.
    fn is_gone(&self) -> bool {
        false
    }

    fn end(&self) {
        self.0.evicted.store(true, Ordering::Release);
        self.0.rung.notify_one();
    }
}
