//! A handler that panics answers INTERNAL, and the process lives.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tonic::Status;

use super::{Arriving, Layer, Stage};
use crate::server::calls::Call;
use crate::status::Reason;

/// Catches panics.
#[derive(Debug, Clone)]
pub(crate) struct CatchPanic;

impl Layer for CatchPanic {
    type Stage = Caught;

    fn begin(&self, call: &mut Arriving<'_>) -> Result<Caught, Status> {
        Ok(Caught {
            call: call.facts.call.clone(),
        })
    }
}

#[derive(Debug)]
pub(crate) struct Caught {
    call: Option<Arc<Call>>,
}

impl Stage for Caught {
    fn around(&mut self, poll: &mut dyn FnMut()) -> Result<(), Status> {
        // What was being polled is dropped and never polled again, so a broken invariant of its own cannot be seen; what
        // it shares with other calls is the handler's to guard, as with any panic in one thread of several.
        catch_unwind(AssertUnwindSafe(poll)).map_err(|panic| {
            let path = self.call.as_ref().map_or("a call", |call| call.path());
            tracing::error!(path, panic = message(&*panic), "a handler panicked");
            Reason::HandlerPanicked.status(format!(
                "the handler of {path} panicked; the server's log says where"
            ))
        })
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(not a text)")
}
