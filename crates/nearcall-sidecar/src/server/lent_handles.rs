//! Memory that is lent on Windows: a handle of it is put into the process of who holds a reference and asks, or its name is
//! told.

use std::io;

use nearcall_proto::frames::v1 as wire;
use nearcall_sys::handover::{Process, Rights};

use super::Shared;
use super::caller::Caller;
use super::handed::{finds_names, process_of};
use crate::imp::{Passed, borrowed};

/// A caller that memory may be lent to.
#[derive(Debug)]
pub(super) enum Borrower {
    /// By handles in its process.
    Handles(Process),
    /// By names: the system does not let this process put handles into it.
    Names,
}

impl Borrower {
    /// None where it is another user or over a network, or neither way leads to it.
    pub(super) fn of(shared: &Shared, caller: &Caller) -> Option<Self> {
        if !shared.is_open_to(caller) {
            return None;
        }
        let by_names = || finds_names(caller).then_some(Self::Names);
        process_of(caller).map(Self::Handles).or_else(by_names)
    }

    /// No path leads to memory here.
    pub(super) fn path(&self, _memory: &Passed) -> String {
        String::new()
    }

    /// Puts a handle into its process, whose number there it is told, or tells it the name.
    pub(super) fn give(&self, memory: &Passed) -> io::Result<wire::LendResponse> {
        let mut lent = wire::LendResponse::default();
        match self {
            Self::Handles(process) => {
                lent.handle = process.give(borrowed(memory), Rights::Same)?;
            }
            Self::Names => {
                let name = memory.name();
                let none = || io::Error::other("it takes no handles, and the memory has no name");
                lent.name = name.ok_or_else(none)?.to_string();
            }
        }
        Ok(lent)
    }
}
