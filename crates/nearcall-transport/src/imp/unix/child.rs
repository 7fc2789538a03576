//! Passing one end of a socket pair to a child.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Command;

use tokio::net::UnixStream;

use crate::{Connection, Transport};

/// The child's end, not passed yet.
#[derive(Debug)]
pub(crate) struct ChildEnd(OwnedFd);

/// This process's copy of the child's end.
pub(crate) type Passed = nearcall_sys::process::Passed;

impl ChildEnd {
    pub(crate) fn pair() -> io::Result<(Connection, Self)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let ours = super::connection(UnixStream::from_std(ours)?, Transport::Inherit);
        Ok((ours, Self(theirs.into())))
    }

    /// Passes it on, and answers its number beside.
    pub(crate) fn pass_to(self, command: &mut Command) -> (u32, Passed) {
        let passed = nearcall_sys::process::pass_descriptor(command, self.0);
        (passed.number(), passed)
    }
}
