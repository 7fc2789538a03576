//! Folders and files that are this user's alone.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::imp;

/// The variable that says where the runtime folder is.
const PLACE_VARIABLE: &str = if cfg!(windows) {
    "LOCALAPPDATA"
} else {
    "XDG_RUNTIME_DIR"
};

/// A folder that belongs to this user and that nobody else may look into, as it was when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateDir {
    path: PathBuf,
}

/// Why a folder is not private.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateDirError {
    /// Something else has its name.
    #[error("expected a folder at {}, found {found}; move it away", path.display())]
    NotAFolder {
        /// Where.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// It is another user's.
    #[error("expected the folder {} to belong to {expected}, found {found}; move it away, or set \
             {PLACE_VARIABLE} to a folder of this user", path.display())]
    OtherOwner {
        /// Where.
        path: PathBuf,
        /// This user, as `uid 1000`, or on Windows a security identifier.
        expected: String,
        /// The owner.
        found: String,
    },
    /// Others may look into it or write to it.
    #[error("expected the folder {path} to be closed to others (mode 700), found mode {mode:03o}; run `chmod 700 {path}`",
            path = path.display())]
    OpenToOthers {
        /// Where.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A group that others are in may look into it, on Windows.
    #[error(
        "expected the folder {} to be closed to others, found it open to the group {group}; take that group's rights away",
        path.display()
    )]
    OpenToGroup {
        /// Where.
        path: PathBuf,
        /// The security identifier of the group.
        group: &'static str,
    },
    /// Its name is a path of its own.
    #[error("expected the name of a folder, found {name:?}")]
    NotAName {
        /// The name.
        name: String,
    },
    /// It cannot be made or looked at.
    #[error("cannot {what} the folder {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl PrivateDir {
    /// Opens the folder `name` within `root`; both are made where there are none, and both have to be private.
    ///
    /// # Errors
    ///
    /// One of them cannot be made, is not a folder, or is not this user's alone.
    pub fn open(root: &Path, name: &str) -> Result<Self, PrivateDirError> {
        if name.is_empty() || name.contains(['/', '\\', '\0', ':']) || name.starts_with('.') {
            return Err(PrivateDirError::NotAName {
                name: name.to_owned(),
            });
        }
        let root = Self::at(root)?;
        Self::at(&root.path.join(name))
    }

    /// Opens one folder, which is made where there is none; so are its parents, which need not be private.
    ///
    /// # Errors
    ///
    /// It cannot be made, is not a folder, or is not this user's alone.
    pub fn at(path: &Path) -> Result<Self, PrivateDirError> {
        let failed = |source| PrivateDirError::Io {
            what: "resolve",
            path: path.to_owned(),
            source,
        };
        let path = std::path::absolute(path).map_err(failed)?;
        imp::open_private(&path)?;
        Ok(Self { path })
    }

    /// Where it is; absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a file that only this user may read and write, open for writing; whatever the folder lets others do.
///
/// # Errors
///
/// It is there already, or cannot be made.
pub fn create_private_file(path: &Path) -> io::Result<File> {
    imp::create_private_file(path)
}

/// The folder for what lives as long as processes do: sockets, and who serves what. It may not be there yet.
///
/// On Unix `$XDG_RUNTIME_DIR/nearcall`, and without that variable (or with a relative path in it, which its
/// specification rules out) `<temporary folder>/nearcall-<uid>`. On Windows
/// `%LOCALAPPDATA%\\nearcall`.
#[must_use]
pub fn runtime_dir() -> PathBuf {
    imp::runtime_dir()
}
