//! Memory that is lent where there is `/proc`: a process of the same user opens it by a path.

use std::io;
use std::os::fd::AsRawFd as _;

use super::caller::Caller;
use super::{Frames, Shared};
use crate::imp::Passed;

/// A caller that memory may be lent to.
#[derive(Debug)]
pub(super) struct Borrower(());

impl Borrower {
    /// None where it is another user or over a network, or this process is closed to others.
    pub(super) fn of(shared: &Shared, caller: &Caller) -> Option<Self> {
        shared.is_open_to(caller).then_some(Self(()))
    }

    /// Where it finds memory, for as long as that is open here.
    pub(super) fn path(&self, memory: &Passed) -> String {
        let (pid, number) = (std::process::id(), memory.as_raw_fd());
        format!("/proc/{pid}/fd/{number}")
    }
}

impl Frames {
    /// As [`new`](Self::new), and keeps other processes of this user out of this process's `/proc` and memory, debuggers
    /// included: a process that may look there could open a reader's return page. Takes
    /// [`Tier::Proc`](crate::Tier) and [`Tier::File`](crate::Tier) away.
    ///
    /// # Errors
    ///
    /// The system does not.
    pub fn sealed_from_peers() -> io::Result<Self> {
        nearcall_sys::process::hide_from_peers()?;
        Ok(Self::with(true))
    }
}
