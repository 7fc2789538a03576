//! Folders: where they are, whose they are, and what fits in.

use std::fs::{self, Metadata};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{env, io};

use crate::imp::Wrong;

/// Where logs are kept, a folder for each world: `$XDG_STATE_HOME/nearcall`, `~/.local/state/nearcall` when that is not
/// set.
pub(crate) fn state_home() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let home = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    Some(home?.join("nearcall"))
}

/// Makes a folder with its parents, all for their owner alone.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    // It may have been there before, with other rights.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Whether a folder is this user's alone; how so, in words.
///
/// # Errors
/// It is not.
pub(crate) fn rights(folder: &Path, found: &Metadata) -> Result<String, Wrong> {
    let shown = folder.display();
    let me = rustix::process::getuid().as_raw();
    let mode = found.mode() & 0o777;
    if found.uid() != me {
        return Err(Wrong {
            found: format!(
                "{shown} is owned by user {}, not by you ({me})",
                found.uid()
            ),
            advice: "have its owner remove it, or set XDG_RUNTIME_DIR to a folder of your own"
                .to_owned(),
        });
    }
    if mode & 0o077 != 0 {
        return Err(Wrong {
            found: format!("{shown} has mode {mode:04o}; others may look in"),
            advice: format!("chmod 700 {shown}"),
        });
    }
    Ok(format!("mode {mode:04o}, yours"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_that_is_closed_is_well() {
        let folder = tempfile::tempdir().unwrap();
        let check = |mode, expected: Result<&str, &str>| {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let found = rights(folder.path(), &folder.path().metadata().unwrap());
            let found = found.as_deref().map_err(|wrong| wrong.found.as_str());
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                _ => panic!("{mode:o}: {found:?}"),
            }
        };
        check(0o700, Ok("mode 0700, yours"));
        check(0o755, Err("has mode 0755; others may look in"));
    }
}
