//! Files that inherit their list from the folder, and names that are taken at once or not at all.

use std::io;

use cap_std::fs::{Dir, DirBuilder, OpenOptions};

/// What a folder is made with.
pub(super) fn folders() -> DirBuilder {
    DirBuilder::new()
}

/// What a file is made with.
pub(super) fn files() -> OpenOptions {
    OpenOptions::new()
}

/// Gives a file another name in its folder that none there has.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] where one has it; or the file system has no such thing, as FAT.
pub(super) fn name_anew(folder: &Dir, from: &str, to: &str) -> io::Result<()> {
    folder.hard_link(from, folder, to)?;
    // It has its name already; a second one that stays is no asset.
    let _ = folder.remove_file(from);
    Ok(())
}
