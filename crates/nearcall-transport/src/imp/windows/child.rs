//! Passing one end of a pipe to a child.

use std::io;
use std::os::windows::io::OwnedHandle;
use std::process::Command;

use nearcall_sys::descriptor::OwnerOnly;
use nearcall_sys::pipe;

use crate::{Connection, Transport};

/// The child's end, not passed yet.
#[derive(Debug)]
pub(crate) struct ChildEnd(OwnedHandle);

/// This process's copy of the child's end.
pub(crate) type Passed = nearcall_sys::process::Passed;

impl ChildEnd {
    /// A pipe has to have a name to be connected to: one that nobody knows, and that is gone with the one instance there is.
    pub(crate) fn pair() -> io::Result<(Connection, Self)> {
        let descriptor = OwnerOnly::new()?;
        let name = pipe::unknown_name()?;
        let ours = pipe::instance(&name, true, &descriptor, Some(1))?;
        let theirs = pipe::open_handle(&name)?;
        Ok((
            super::identity::accepted(ours, Transport::Inherit),
            Self(theirs),
        ))
    }

    /// Passes it on, and answers its number beside.
    pub(crate) fn pass_to(self, _command: &mut Command) -> (u32, Passed) {
        let passed = nearcall_sys::process::pass_handle(self.0);
        (passed.number(), passed)
    }
}
