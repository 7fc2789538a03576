//! Channels that are closed to other processes of this user.

use std::io;

use super::Frames;

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
