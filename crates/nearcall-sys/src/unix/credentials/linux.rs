//! `SO_PEERCRED`.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use super::Credentials;

/// Who is at the other end of a Unix socket: `SO_PEERCRED`, see `unix(7)`.
///
/// # Errors
///
/// The system cannot say.
pub fn of(socket: impl AsFd) -> io::Result<Credentials> {
    // Not rustix's wrapper, whose type for a pid cannot be 0, which is what a peer in another namespace has.
    let mut found = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: `found` is a plain struct of integers and `length` says its size; the kernel writes no more than that.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut length,
        )
    };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Credentials {
        pid: u32::try_from(found.pid).unwrap_or(0),
        uid: found.uid,
        gid: found.gid,
    })
}
