//! `getpeereid(3)`, and `LOCAL_PEERPID` of `unix(4)`.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use super::Credentials;

/// Who is at the other end of a Unix socket. See `getpeereid(3)`, and `LOCAL_PEERPID` in `unix(4)`.
///
/// # Errors
///
/// The system cannot say, as when the peer has hung up.
pub fn of(socket: impl AsFd) -> io::Result<Credentials> {
    let socket = socket.as_fd().as_raw_fd();
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: both pointers are to room for a number, which is all that the call writes to.
    if unsafe { libc::getpeereid(socket, &raw mut uid, &raw mut gid) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut pid: libc::pid_t = 0;
    let mut length = size_of::<libc::pid_t>() as libc::socklen_t;
    // SAFETY: `pid` is a number and `length` says its size; the kernel writes no more than that.
    let answer = unsafe {
        libc::getsockopt(
            socket,
            libc::SOL_LOCAL,
            libc::LOCAL_PEERPID,
            (&raw mut pid).cast(),
            &raw mut length,
        )
    };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    let pid = u32::try_from(pid).unwrap_or(0);
    Ok(Credentials { pid, uid, gid })
}
