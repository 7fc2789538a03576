//! The call's deadline and trace, set around the handler so that the calls it makes carry them on.

use tonic::Status;

use super::{Arriving, Layer, Stage};
use crate::context::Context;
use crate::trace::TraceContext;

/// Sets [`Context`] around the handler.
#[derive(Debug, Clone)]
pub(crate) struct Propagate;

impl Layer for Propagate {
    type Stage = Within;

    fn begin(&self, call: &mut Arriving<'_>) -> Result<Within, Status> {
        let mut context = Context::new();
        if let Some(at) = call.facts.deadline {
            context = context.with_deadline(at);
        }
        if let Some(trace) = TraceContext::read(call.headers) {
            context = context.with_trace(trace);
        }
        Ok(Within(context))
    }
}

#[derive(Debug)]
pub(crate) struct Within(Context);

impl Stage for Within {
    fn around(&mut self, poll: &mut dyn FnMut()) -> Result<(), Status> {
        self.0.enter(poll);
        Ok(())
    }
}
