//! Memory that is lent on Windows: a handle of it is put into the process of who holds a reference and asks.

use std::io;

use nearcall_sys::handover::{Process, Rights};

use super::Shared;
use super::caller::Caller;
use super::handed::process_of;
use crate::imp::{Passed, borrowed};

/// A caller that memory may be lent to.
#[derive(Debug)]
pub(super) struct Borrower(Process);

impl Borrower {
    /// None where it is another user or over a network, or the system does not let this process put handles into it.
    pub(super) fn of(shared: &Shared, caller: &Caller) -> Option<Self> {
        let is_open = shared.is_open_to(caller);
        is_open.then(|| process_of(caller)).flatten().map(Self)
    }

    /// No path leads to memory here.
    pub(super) fn path(&self, _memory: &Passed) -> String {
        String::new()
    }

    /// Puts a handle into its process, and answers its number there.
    pub(super) fn give(&self, memory: &Passed) -> io::Result<u64> {
        self.0.give(borrowed(memory), Rights::Same)
    }
}
