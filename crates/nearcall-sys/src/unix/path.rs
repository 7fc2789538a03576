//! Paths that another process says.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// Opens what a path names for reading, so that [`open_region`](super::memory::open_region) can look at it. Never waits.
///
/// A path below another process's `/proc` may lead to anything, and opening a pipe for reading the ordinary way waits
/// until somebody writes it.
///
/// # Errors
///
/// There is nothing, or this process may not read it.
pub fn open_path(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}
