//! Memory that a server lends where there is `/proc`: opened by a path.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use nearcall_sys::memory::open_path;

use crate::imp::Passed;

/// What a server's path leads to, to look at.
pub(super) fn open(path: &str) -> io::Result<Passed> {
    open_path(Path::new(path))
}

/// What a server's path leads to, to fill.
pub(super) fn open_to_fill(path: &str) -> io::Result<Passed> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    Ok(file.into())
}
