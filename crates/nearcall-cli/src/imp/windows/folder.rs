//! Folders: where they are, whose they are, and what fits in.

use std::env;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use nearcall::PrivateDir;

use crate::imp::Wrong;

/// Where logs are kept, a folder for each world: beside the runtime folder, which the last server takes away.
pub(crate) fn state_home() -> Option<PathBuf> {
    env::var_os("LOCALAPPDATA")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .map(|folder| folder.join("nearcall-logs"))
}

/// Makes a folder that is this user's alone, with its parents.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    PrivateDir::at(path).map(drop).map_err(io::Error::other)
}

/// Gives a folder another place, where nothing or an empty folder is.
pub(crate) fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    // An empty folder does not give way by itself. One that is not empty stays, and is told by the next step.
    let _ = fs::remove_dir(to);
    fs::rename(from, to)
}

/// Whether a folder is this user's alone; how so, in words.
///
/// # Errors
/// It is not.
pub(crate) fn rights(folder: &Path, _found: &Metadata) -> Result<String, Wrong> {
    match PrivateDir::at(folder) {
        Ok(_) => Ok("yours, closed to others".to_owned()),
        Err(error) => Err(Wrong {
            found: error.to_string(),
            advice: "move it away, and it is made anew when needed".to_owned(),
        }),
    }
}
