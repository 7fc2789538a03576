//! Linux, where all of this is tried.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{FallocateFlags, FileType, Stat, fallocate, fstatfs};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, accept_with, socket_with,
    socketpair,
};

/// `TMPFS_MAGIC` of `linux/magic.h`, see `statfs(2)`: what `/dev/shm` is.
const TMPFS_MAGIC: u64 = 0x0102_1994;

/// How everything is sent: without waiting, and without a signal where the peer has hung up.
pub(super) const SENDING: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// How everything is received: without waiting, and what comes along closed on `exec`.
pub(super) const RECEIVING: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::CMSG_CLOEXEC);

/// Takes all of an object's memory.
pub(super) fn reserve(object: BorrowedFd<'_>, bytes: u64) -> Result<(), Errno> {
    fallocate(object, FallocateFlags::empty(), 0, bytes)
}

/// The size that an object has whose maker asked for `bytes`.
pub(super) fn size_given(bytes: u64) -> u64 {
    bytes
}

/// Whether a descriptor is of an object of `shm_open(3)` that has lost its name: a file of tmpfs without a name.
pub(super) fn is_nameless_memory(object: BorrowedFd<'_>, found: &Stat) -> Result<bool, Errno> {
    let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    if !is_file || found.st_nlink != 0 {
        return Ok(false);
    }
    Ok(u64::try_from(fstatfs(object)?.f_type) == Ok(TMPFS_MAGIC))
}

/// A socket, closed on `exec`.
pub(super) fn socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        flags,
        None,
    )?)
}

/// Two sockets that are connected, closed on `exec`.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        flags,
        None,
    )?)
}

/// Takes a connection, closed on `exec`.
pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(accept_with(listener, SocketFlags::CLOEXEC)?)
}

/// Sets what has to be set for each socket: nothing.
pub(super) fn prepare(_socket: BorrowedFd<'_>) {}

/// Has a descriptor that was received closed on `exec`: it is already.
pub(super) fn close_on_exec(_received: BorrowedFd<'_>) {}
