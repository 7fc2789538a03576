//! Folders and files that are this user's alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::socket_file::kind_of;
use crate::PrivateDirError;
use crate::limits::FOLDER_ATTEMPTS;

/// All for the owner, nothing for others.
const PRIVATE_MODE: u32 = 0o700;

/// The same for a file.
const PRIVATE_FILE_MODE: u32 = 0o600;

/// What others could do.
const OTHERS: u32 = 0o077;

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

pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(PRIVATE_FILE_MODE)
        .open(path)
}

fn make_private(path: &Path) -> Result<(), PrivateDirError> {
    let io_error = |what, source| PrivateDirError::Io {
        what,
        path: path.to_owned(),
        source,
    };
    if let Some(parent) = path.parent() {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE_MODE)
            .create(parent);
        made.map_err(|source| io_error("make the parents of", source))?;
    }
    match DirBuilder::new().mode(PRIVATE_MODE).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io_error("make", error)),
    }
    check(path)
}

pub(crate) fn runtime_dir() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match runtime.filter(|folder| folder.is_absolute()) {
        Some(folder) => folder.join("nearcall"),
        None => {
            std::env::temp_dir().join(format!("nearcall-{}", rustix::process::geteuid().as_raw()))
        }
    }
}

fn check(path: &Path) -> Result<(), PrivateDirError> {
    let io_error = |source| PrivateDirError::Io {
        what: "look at",
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::symlink_metadata(path).map_err(io_error)?;
    if !metadata.is_dir() {
        return Err(PrivateDirError::NotAFolder {
            path: path.to_owned(),
            found: kind_of(&metadata),
        });
    }
    let expected = rustix::process::geteuid().as_raw();
    if metadata.uid() != expected {
        return Err(PrivateDirError::OtherOwner {
            path: path.to_owned(),
            expected: format!("uid {expected}"),
            found: format!("uid {}", metadata.uid()),
        });
    }
    let mode = metadata.mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(PrivateDirError::OpenToOthers {
            path: path.to_owned(),
            mode,
        });
    }
    // Opening it says whether this user may use it at all, in place of a surprise later.
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let opened =
        rustix::fs::open(path, flags, Mode::empty()).map_err(|error| io_error(error.into()))?;
    drop(File::from(opened));
    Ok(())
}
