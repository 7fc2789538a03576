//! The reader's side of the events.

use std::io;
use std::os::windows::io::AsHandle;
use std::sync::Arc;
use std::time::Duration;

use nearcall_sys::event::{Event, Watch, wait_any};
use nearcall_sys::handover::Process;

use super::Leaving;
use crate::doorbell::{Heard, Hearing};

/// Reader: what it hears by. Clones are the same; once all of them are gone, the server is told that the reader has left.
#[derive(Debug, Clone)]
pub struct Ear(Arc<Ends>);

#[derive(Debug)]
pub(super) struct Ends {
    pub(super) ring: Event,
    pub(super) evicted: Event,
    pub(super) left: Leaving,
    pub(super) server: Process,
}

impl Ear {
    pub(super) fn new(ends: Ends) -> Self {
        Self(Arc::new(ends))
    }

    /// Whether nothing more will be heard: the server has left or ended, or has evicted this reader.
    #[must_use]
    pub fn is_hung_up(&self) -> bool {
        self.is_server_gone() || self.0.evicted.is_set().unwrap_or(true)
    }

    /// Whether the server has left or ended. One that evicted this reader has not.
    #[must_use]
    pub fn is_server_gone(&self) -> bool {
        let ends = [self.0.left.as_handle(), self.0.server.as_handle()];
        wait_any(&ends, Duration::ZERO).map_or(true, |end| end.is_some())
    }

    /// What a runtime's task waits at: a ring, which is taken by this, and the end. Who has one hears no rings otherwise.
    ///
    /// # Errors
    ///
    /// The system is out of something.
    pub fn watch(&self) -> io::Result<Watch> {
        let parts = &*self.0;
        let stay = [
            parts.evicted.as_handle(),
            parts.left.as_handle(),
            parts.server.as_handle(),
        ];
        Watch::of(&[parts.ring.as_handle()], &stay)
    }
}

impl Hearing for Ear {
    fn hear(&self, most: Duration) -> Heard {
        let parts = &*self.0;
        let all = [
            parts.evicted.as_handle(),
            parts.left.as_handle(),
            parts.server.as_handle(),
            parts.ring.as_handle(),
        ];
        let ring = all.len().saturating_sub(1);
        match wait_any(&all, most) {
            Ok(Some(which)) if which == ring => Heard::Ring,
            Ok(None) => Heard::Nothing,
            _ => Heard::Gone,
        }
    }
}
