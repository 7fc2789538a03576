//! Where no path leads to memory.

use std::io;

use crate::imp::Passed;

/// What a server's path leads to: nothing. It was told so, and gives none.
pub(super) fn open(_path: &str) -> io::Result<Passed> {
    Err(io::ErrorKind::Unsupported.into())
}

/// As [`open`].
pub(super) fn open_to_fill(path: &str) -> io::Result<Passed> {
    open(path)
}
