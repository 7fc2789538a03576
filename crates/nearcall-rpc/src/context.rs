//! What a call carries with it into the calls made while it is served.
//!
//! A server sets the context around every poll of a handler and of the stream that it answers with, so calls made in
//! the handler's own task pick it up by themselves. A spawned task has none: take [`Context::current`] before the
//! spawn and run the task's future in [`Context::scope`].

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::trace::TraceContext;

thread_local! {
    static CURRENT: RefCell<Context> = const { RefCell::new(Context { facts: None }) };
}

/// The deadline and the trace of the call that is being served.
///
/// ```
/// use std::time::{Duration, Instant};
/// use nearcall_rpc::Context;
///
/// let context = Context::new().with_deadline(Instant::now() + Duration::from_secs(1));
/// context.enter(|| assert!(Context::current().remaining().is_some()));
/// assert!(Context::current().remaining().is_none());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Context {
    // Shared, since it is cloned once per call and once per spawned task, and mostly empty.
    facts: Option<Arc<Facts>>,
}

#[derive(Debug, Clone, Default)]
struct Facts {
    deadline: Option<Instant>,
    trace: Option<TraceContext>,
}

impl Context {
    /// A context that says nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { facts: None }
    }

    /// The context of the call that this task is serving; an empty one elsewhere.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.with_borrow(Self::clone)
    }

    /// When the caller stops waiting.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.facts.as_ref().and_then(|facts| facts.deadline)
    }

    /// How long the caller still waits; zero once the deadline has passed, none where there is no deadline.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The trace that the call belongs to.
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.facts.as_ref().and_then(|facts| facts.trace.as_ref())
    }

    /// With a deadline; an earlier one that is already there stays.
    #[must_use]
    pub fn with_deadline(self, deadline: Instant) -> Self {
        let earliest = self.deadline().map_or(deadline, |own| own.min(deadline));
        self.with(|facts| facts.deadline = Some(earliest))
    }

    /// With a trace, in the place of the one that may be there.
    #[must_use]
    pub fn with_trace(self, trace: TraceContext) -> Self {
        self.with(|facts| facts.trace = Some(trace))
    }

    /// Runs a function in this context.
    pub fn enter<T>(&self, run: impl FnOnce() -> T) -> T {
        let _restore = Restore(CURRENT.replace(self.clone()));
        run()
    }

    /// Runs a future in this context, for a task that a handler spawns.
    pub fn scope<F: Future>(self, future: F) -> Scope<F> {
        Scope {
            context: self,
            future,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        change(Arc::make_mut(self.facts.get_or_insert_default()));
        self
    }
}

/// Puts the context before back, also when what ran in between panicked.
struct Restore(Context);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.replace(std::mem::take(&mut self.0));
    }
}

pin_project! {
    /// The future of [`Context::scope`].
    #[derive(Debug)]
    pub struct Scope<F> {
        context: Context,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.context.enter(|| this.future.poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_deadline_stays() {
        let now = Instant::now();
        let context = Context::new().with_deadline(now + Duration::from_secs(5));
        assert_eq!(
            context
                .clone()
                .with_deadline(now + Duration::from_secs(9))
                .deadline(),
            context.deadline()
        );
        assert_eq!(
            context
                .with_deadline(now + Duration::from_secs(1))
                .deadline(),
            Some(now + Duration::from_secs(1))
        );
    }

    #[test]
    fn a_panic_inside_leaves_the_context_outside_as_it_was() {
        let context = Context::new().with_deadline(Instant::now());
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            context.enter(|| panic!("within"))
        }));
        assert!(outcome.is_err());
        assert!(Context::current().deadline().is_none());
    }
}
