//! The calls that a server is carrying out: counted against its limits, and told when they are cut off.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;
use tokio::sync::Notify;

use crate::limits::Limits;

/// Every call in flight on one server.
#[derive(Debug)]
pub(crate) struct Calls {
    unary: Gate,
    streams: Gate,
    started: Instant,
    live: Mutex<Live>,
    /// Told of each call that ends while calls are being cut off.
    fewer: Notify,
}

/// Calls in slots that are reused, so that a call costs no allocation but its own.
#[derive(Debug, Default)]
struct Live {
    slots: Vec<Option<Arc<Call>>>,
    free: Vec<usize>,
    cutting: Option<fn(&str) -> bool>,
}

impl Calls {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            unary: Gate::new(limits.calls_max),
            streams: Gate::new(limits.streams_max),
            started: Instant::now(),
            live: Mutex::default(),
            fewer: Notify::new(),
        }
    }

    /// Takes a call in, or says how many of its kind there may be.
    pub(crate) fn admit(
        self: &Arc<Self>,
        path: &Arc<str>,
        streaming: bool,
    ) -> Result<Admitted, usize> {
        let gate = if streaming {
            &self.streams
        } else {
            &self.unary
        };
        gate.enter()?;
        let call = Arc::new(Call {
            path: Arc::clone(path),
            streaming,
            admitted: Instant::now(),
            server_started: self.started,
            last_traffic: AtomicU64::new(0),
            cut: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        call.saw_traffic();
        let mut live = self.live();
        if live.cutting.is_some_and(|chosen| chosen(&call.path)) {
            call.cut.store(true, Ordering::Release);
        }
        let slot = live.free.pop().unwrap_or_else(|| {
            live.slots.push(None);
            live.slots.len() - 1
        });
        live.slots[slot] = Some(Arc::clone(&call));
        drop(live);
        Ok(Admitted {
            calls: Arc::clone(self),
            slot,
            call,
        })
    }

    /// Ends the calls in flight to the paths that are chosen, and says which there were. Calls that still come, on
    /// connections that have not heard yet, find the same.
    pub(crate) fn cut_where(&self, chosen: fn(&str) -> bool) -> Vec<CutCall> {
        let calls: Vec<Arc<Call>> = {
            let mut live = self.live();
            live.cutting = Some(chosen);
            live.slots
                .iter()
                .flatten()
                .filter(|call| chosen(&call.path))
                .map(Arc::clone)
                .collect()
        };
        for call in &calls {
            call.cut.store(true, Ordering::Release);
            call.waker.wake();
        }
        calls
            .iter()
            .map(|call| CutCall {
                path: call.path.to_string(),
                age: call.admitted.elapsed(),
            })
            .collect()
    }

    /// Waits until none are left in flight but those to the paths that are chosen. For after
    /// [`cut_where`](Self::cut_where).
    pub(crate) async fn only_left(&self, chosen: fn(&str) -> bool) {
        loop {
            let mut fewer = pin!(self.fewer.notified());
            fewer.as_mut().enable();
            let chosen_alone = {
                let live = self.live();
                live.slots.iter().flatten().all(|call| chosen(&call.path))
            };
            if chosen_alone {
                return;
            }
            fewer.await;
        }
    }

    fn live(&self) -> std::sync::MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many calls of one kind there are, and may be.
#[derive(Debug)]
struct Gate {
    inside: AtomicUsize,
    max: usize,
}

impl Gate {
    const fn new(max: usize) -> Self {
        Self {
            inside: AtomicUsize::new(0),
            max,
        }
    }

    fn enter(&self) -> Result<(), usize> {
        if self.inside.fetch_add(1, Ordering::Relaxed) >= self.max {
            self.leave();
            return Err(self.max);
        }
        Ok(())
    }

    fn leave(&self) {
        self.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call that a stopping server could not wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutCall {
    /// The path of the method, `/package.Service/Method`.
    pub path: String,
    /// For how long the call had been going on.
    pub age: Duration,
}

/// One call in flight, shared by the stages of its life.
#[derive(Debug)]
pub(crate) struct Call {
    path: Arc<str>,
    streaming: bool,
    admitted: Instant,
    server_started: Instant,
    /// Milliseconds after `server_started` at which a message last travelled.
    last_traffic: AtomicU64,
    cut: AtomicBool,
    waker: AtomicWaker,
}

impl Call {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) const fn is_streaming(&self) -> bool {
        self.streaming
    }

    pub(crate) fn saw_traffic(&self) {
        // Unary calls have no idle limit; they need not look at the clock.
        if self.streaming {
            let now = u64::try_from(self.server_started.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.last_traffic.store(now, Ordering::Relaxed);
        }
    }

    /// When a message last travelled, to the millisecond.
    pub(crate) fn last_traffic(&self) -> Instant {
        self.server_started + Duration::from_millis(self.last_traffic.load(Ordering::Relaxed))
    }

    /// Ready once the call is cut off.
    pub(crate) fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        if self.cut.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// A place among the calls in flight; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Admitted {
    calls: Arc<Calls>,
    slot: usize,
    call: Arc<Call>,
}

impl Admitted {
    pub(crate) const fn call(&self) -> &Arc<Call> {
        &self.call
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut live = self.calls.live();
        live.slots[self.slot] = None;
        live.free.push(self.slot);
        let told = live.cutting.is_some();
        drop(live);
        if told {
            self.calls.fewer.notify_waiters();
        }
        let gate = if self.call.streaming {
            &self.calls.streams
        } else {
            &self.calls.unary
        };
        gate.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_limit_and_places_are_given_back() {
        let calls = Arc::new(Calls::new(&Limits {
            calls_max: 1,
            streams_max: 1,
            ..Limits::default()
        }));
        let path: Arc<str> = "/a.B/C".into();
        let unary = calls.admit(&path, false).unwrap();
        assert_eq!(calls.admit(&path, false).unwrap_err(), 1);
        let stream = calls.admit(&path, true).unwrap();
        assert_eq!(calls.admit(&path, true).unwrap_err(), 1);
        drop((unary, stream));
        assert!(calls.admit(&path, false).is_ok());
        assert!(calls.admit(&path, true).is_ok());
    }

    #[test]
    fn cutting_reaches_the_calls_there_are_and_those_that_come_after() {
        let calls = Arc::new(Calls::new(&Limits::default()));
        let path: Arc<str> = "/a.B/C".into();
        let before = calls.admit(&path, true).unwrap();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(before.call().poll_cut(&mut cx).is_pending());
        let cut = calls.cut_where(|_| true);
        assert_eq!(cut.len(), 1);
        assert_eq!(cut[0].path, "/a.B/C");
        assert!(before.call().poll_cut(&mut cx).is_ready());
        assert!(
            calls
                .admit(&path, false)
                .unwrap()
                .call()
                .poll_cut(&mut cx)
                .is_ready()
        );
    }
}
