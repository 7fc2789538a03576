//! macOS. Its types are checked on every change; what its kernel is relied on for is in its source, `bsd/kern` of XNU.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Stat};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::sockopt::set_socket_nosigpipe;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair};

/// How everything is sent: without waiting, and without a signal where the peer has hung up.
///
/// `MSG_NOSIGNAL` is not in older systems, which know [`prepare`]'s option. That one is refused on a socket whose peer has
/// hung up already.
pub(super) const SENDING: SendFlags = SendFlags::DONTWAIT.union(SendFlags::from_bits_retain(
    libc::MSG_NOSIGNAL.cast_unsigned(),
));

/// How everything is received: without waiting.
pub(super) const RECEIVING: RecvFlags = RecvFlags::DONTWAIT;

/// Takes all of an object's memory: nothing here can. Memory of an object comes when it is touched, out of what the system
/// has and compresses and swaps, and a touch waits for it (`posix_shm.c`: anonymous memory; `F_PREALLOCATE` is for files).
#[expect(
    clippy::unnecessary_wraps,
    reason = "on another system there is something to do, which can fail"
)]
pub(super) fn reserve(_object: BorrowedFd<'_>, _bytes: u64) -> Result<(), Errno> {
    Ok(())
}

/// The size that an object has whose maker asked for `bytes`: whole pages (`pshm_truncate`).
pub(super) fn size_given(bytes: u64) -> u64 {
    bytes.next_multiple_of(rustix::param::page_size() as u64)
}

/// Whether a descriptor is of an object of `shm_open(2)`: `pshm_stat` sets no type of a file, which all else has. Whether it
/// still has a name cannot be seen; its size is fixed either way, since it has one.
#[expect(
    clippy::unnecessary_wraps,
    reason = "on another system there is more to ask, which can fail"
)]
pub(super) fn is_nameless_memory(_object: BorrowedFd<'_>, found: &Stat) -> Result<bool, Errno> {
    Ok(FileType::from_raw_mode(found.st_mode) == FileType::Unknown)
}

/// A socket, closed on `exec`; by a program that is started at this moment it is inherited.
pub(super) fn socket() -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    close_on_exec(socket.as_fd());
    Ok(socket)
}

/// Two sockets that are connected, closed on `exec`, as for [`socket`].
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::empty();
    let (one, other) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    close_on_exec(one.as_fd());
    close_on_exec(other.as_fd());
    Ok((one, other))
}

/// Takes a connection, closed on `exec`, as for [`socket`].
pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let socket = rustix::net::accept(listener)?;
    close_on_exec(socket.as_fd());
    Ok(socket)
}

/// Sets what has to be set for each socket: that sending raises no signal. See `SO_NOSIGPIPE` in `setsockopt(2)`.
pub(super) fn prepare(socket: BorrowedFd<'_>) {
    // It is refused where the peer has hung up, and on what is no socket; nothing is sent there.
    let _ = set_socket_nosigpipe(socket, true);
}

/// Has a descriptor closed on `exec`. A failure would mean that it is not open, which it is.
pub(super) fn close_on_exec(descriptor: BorrowedFd<'_>) {
    let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
}
