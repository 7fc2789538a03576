//! Memory that is lent where there is `/proc`: a process of the same user opens it by a path.

use std::io;
use std::os::fd::AsRawFd as _;

use nearcall_proto::frames::v1 as wire;

use super::Shared;
use super::caller::Caller;
use crate::imp::Passed;
use crate::tier::Tier;

/// A caller that memory may be lent to.
#[derive(Debug)]
pub(super) struct Borrower(());

impl Borrower {
    /// None where it is another user or over a network, or nobody may look into this process.
    pub(super) fn of(shared: &Shared, caller: &Caller) -> Option<Self> {
        let has_paths = Tier::ALL.contains(&Tier::Proc);
        (has_paths && shared.is_open_to(caller)).then_some(Self(()))
    }

    /// Where it finds memory, for as long as that is open here.
    pub(super) fn path(&self, memory: &Passed) -> String {
        let (pid, number) = (std::process::id(), memory.as_raw_fd());
        format!("/proc/{pid}/fd/{number}")
    }

    /// Nothing is put into another process here.
    pub(super) fn give(&self, _memory: &Passed) -> io::Result<wire::LendResponse> {
        Err(io::Error::other("here it is opened by its path"))
    }
}
