//! Files of the modes that others may read, and names that are taken at once or not at all.

use std::io;

use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _, OpenOptions, OpenOptionsExt as _};
use rustix::fs::RenameFlags;

/// What a folder is made with.
pub(super) fn folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.mode(0o755);
    builder
}

/// What a file is made with.
pub(super) fn files() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o644);
    options
}

/// Gives a file another name in its folder that none there has.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] where one has it; or the file system has no such thing.
pub(super) fn name_anew(folder: &Dir, from: &str, to: &str) -> io::Result<()> {
    let flags = RenameFlags::NOREPLACE;
    rustix::fs::renameat_with(folder, from, folder, to, flags)?;
    Ok(())
}
