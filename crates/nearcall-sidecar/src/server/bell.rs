//! Doorbells of readers: those who are not there yet, and those within this process.

#[cfg(target_os = "linux")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(windows)]
pub(super) use nearcall_frames::handles::Bell as FarBell;
use nearcall_frames::{Doorbell, Policy, Rung};
#[cfg(target_os = "linux")]
use nearcall_sys::packet::Socket;
use tokio::sync::Notify;

/// The doorbell of a reader that has a ticket and comes with its socket later.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Default)]
pub(super) struct FarBell(Arc<OnceLock<Socket>>);

#[cfg(target_os = "linux")]
impl FarBell {
    /// The reader is there, and is told of its memory over the socket that comes back. A ticket is used once, so this is
    /// too: a second socket would be hung up on, as who sent it deserves.
    pub(super) fn connect(&self, socket: Socket) -> &Socket {
        self.0.get_or_init(|| socket)
    }
}

#[cfg(target_os = "linux")]
impl Doorbell for FarBell {
    fn ring(&self) -> Rung {
        // Who is not there has no page to wish in, so this is rung for those who are.
        self.0.get().map_or(Rung::Yes, Doorbell::ring)
    }

    /// Who did not come yet is not gone: its ticket ends by itself, and takes the subscription along.
    fn is_gone(&self) -> bool {
        self.0.get().is_some_and(Doorbell::is_gone)
    }

    fn end(&self) {
        if let Some(socket) = self.0.get() {
            socket.end();
        }
    }
}

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
