//! Folders that are this user's alone.

use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nearcall_sys::descriptor::{make_private_folder, of_path};
use nearcall_sys::identity::{own_default_owner, own_sid};
use windows_sys::Win32::Storage::FileSystem::FILE_ATTRIBUTE_REPARSE_POINT;

use crate::PrivateDirError;
use crate::limits::FOLDER_ATTEMPTS;

/// Groups that others are in: everyone, authenticated users, users, guests, and who is not known.
const OTHERS: [&str; 5] = [
    "S-1-1-0",
    "S-1-5-11",
    "S-1-5-32-545",
    "S-1-5-32-546",
    "S-1-5-7",
];

/// Makes the folder where there is none, and looks at what is there then, whoever made it. Who leaves last takes it
/// away, perhaps just then, and it is made again.
pub(crate) fn open_private(path: &Path) -> Result<(), PrivateDirError> {
    let mut attempts = 1..FOLDER_ATTEMPTS;
    loop {
        match make_private(path) {
            Err(PrivateDirError::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound && attempts.next().is_some() => {}
            outcome => return outcome,
        }
    }
}

fn make_private(path: &Path) -> Result<(), PrivateDirError> {
    let io_error = |what, source| PrivateDirError::Io {
        what,
        path: path.to_owned(),
        source,
    };
    if let Some(parent) = path.parent() {
        let made = std::fs::create_dir_all(parent);
        made.map_err(|source| io_error("make the parents of", source))?;
    }
    match make_private_folder(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io_error("make", error)),
    }
    check(path)
}

/// `%LOCALAPPDATA%` is a folder of the user's profile, which the system closes to others.
pub(crate) fn runtime_dir() -> PathBuf {
    let local = std::env::var_os("LOCALAPPDATA").map(PathBuf::from);
    match local.filter(|folder| folder.is_absolute()) {
        Some(folder) => folder.join("nearcall"),
        None => std::env::temp_dir().join("nearcall"),
    }
}

fn check(path: &Path) -> Result<(), PrivateDirError> {
    let io_error = |source| PrivateDirError::Io {
        what: "look at",
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::symlink_metadata(path).map_err(io_error)?;
    let is_link = metadata.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0;
    if is_link || !metadata.is_dir() {
        return Err(PrivateDirError::NotAFolder {
            path: path.to_owned(),
            found: if is_link { "a link" } else { "a file" },
        });
    }
    let described = of_path(path).map_err(io_error)?;
    let own = own_sid().map_err(io_error)?;
    let by_default = own_default_owner().map_err(io_error)?;
    if described.owner != *own && described.owner != by_default {
        return Err(PrivateDirError::OtherOwner {
            path: path.to_owned(),
            expected: own.to_string(),
            found: described.owner,
        });
    }
    // Without a list everybody may do everything.
    let open_to = match &described.allowed {
        None => Some(OTHERS[0]),
        Some(allowed) => OTHERS
            .into_iter()
            .find(|other| allowed.iter().any(|sid| sid == other)),
    };
    if let Some(others) = open_to {
        return Err(PrivateDirError::OpenToGroup {
            path: path.to_owned(),
            group: others,
        });
    }
    Ok(())
}
