//! The folder of assets, which nothing leads out of: each step of a path is opened in the folder before it, and no step is a
//! link.
//!
//! `cap-std` opens it: on Linux by `openat2(2)`, elsewhere on Unix by `openat(2)`, on Windows by `NtCreateFile` in a folder
//! that can neither be moved nor be removed while it is open.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::{Dir, DirEntry, FileType, OpenOptions};

use crate::asset::{Format, LoadError};
use crate::limits::{DEPTH_MAX, FILE_BYTES_MAX, FILES_MAX, NAMES_MAX, STEP_BYTES};
use crate::path::AssetPath;
#[cfg(unix)]
use unix as imp;
#[cfg(windows)]
use windows as imp;

/// An open folder. It stays what it is, whatever becomes of its path.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: Dir,
    /// Held while a file gets its name: Windows refuses who comes at the same moment.
    naming: Mutex<()>,
}

/// A file that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: AssetPath,
    pub(crate) format: Format,
    pub(crate) bytes: u64,
}

/// What there is.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) entries: Vec<Entry>,
    pub(crate) truncated: bool,
    /// How many names were looked at.
    names: usize,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(path, cap_std::ambient_authority())?;
        let naming = Mutex::default();
        Ok(Self { dir, naming })
    }

    /// The folder at a path within; without one, this one.
    fn within(&self, path: Option<&str>) -> Result<Dir, LoadError> {
        let mut folder = self.dir.try_clone().map_err(unread)?;
        for name in path.into_iter().flat_map(|path| path.split('/')) {
            folder = step(&folder, name)?;
        }
        Ok(folder)
    }

    /// Opens a file for reading, and says how many bytes it has.
    pub(crate) fn file(&self, path: &AssetPath) -> Result<(File, u64), LoadError> {
        let (folder, name) = path.split();
        let folder = self.within(folder)?;
        let mut options = OpenOptions::new();
        // Not to wait for who writes into a pipe, before it is known that it is one.
        options.read(true).nonblock(true).follow(FollowSymlinks::No);
        let file = folder.open_with(name, &options);
        let file = file.map_err(|error| unopened(&folder, name, error))?;
        let facts = file.metadata().map_err(unread)?;
        if !facts.is_file() {
            return Err(LoadError::NotFound);
        }
        LoadError::unless("a file", facts.len(), FILE_BYTES_MAX)?;
        Ok((file.into_std(), facts.len()))
    }

    /// Reads a file, telling how far it is after each step. It may have grown since, which counts as damage.
    pub(crate) fn read(
        &self,
        path: &AssetPath,
        mut tell: impl FnMut(u64, u64),
    ) -> Result<Vec<u8>, LoadError> {
        let (mut file, total) = self.file(path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
        loop {
            tell(bytes.len() as u64, total);
            let left = total - bytes.len() as u64;
            let mut step = (&mut file).take(left.min(STEP_BYTES as u64));
            let read = step.read_to_end(&mut bytes).map_err(unread)?;
            if left == 0 || read == 0 {
                break;
            }
        }
        if bytes.len() as u64 != total {
            return Err(LoadError::Corrupt("it became shorter".to_owned()));
        }
        Ok(bytes)
    }

    /// The assets in a folder within, or in all, by path. Links are left out.
    pub(crate) fn list(&self, within: Option<&AssetPath>) -> Result<Listed, LoadError> {
        let within = within.map(AssetPath::as_str);
        let start = within.map_or(String::new(), |path| format!("{path}/"));
        let mut listed = Listed {
            entries: Vec::new(),
            truncated: false,
            names: 0,
        };
        walk(&self.within(within)?, &start, 0, &mut listed)?;
        listed
            .entries
            .sort_by(|one, other| one.path.cmp(&other.path));
        Ok(listed)
    }

    /// Writes a file, whole or not at all: another name first, then its own. Answers whether it did, or found one there
    /// that may not be replaced.
    pub(crate) fn store(
        &self,
        path: &AssetPath,
        bytes: &[u8],
        replace: bool,
    ) -> Result<bool, LoadError> {
        let (within, name) = path.split();
        let mut folder = self.within(None)?;
        for name in within.into_iter().flat_map(|path| path.split('/')) {
            match folder.create_dir_with(name, &imp::folders()) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(unopened(&folder, name, error));
                }
                _ => folder = step(&folder, name)?,
            }
        }
        let (mut file, fresh) = fresh(&folder)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        drop(file);
        let named = written.and_then(|()| {
            let _turn = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
            if replace {
                folder.rename(&fresh, &folder, name)
            } else {
                imp::name_anew(&folder, &fresh, name)
            }
        });
        let Err(error) = named else {
            return Ok(true);
        };
        let _ = folder.remove_file(&fresh);
        if !replace && error.kind() == ErrorKind::AlreadyExists {
            return Ok(false);
        }
        Err(unopened(&folder, name, error))
    }
}

/// The folder of a name in another, unless it is a link.
fn step(folder: &Dir, name: &str) -> Result<Dir, LoadError> {
    let next = folder.open_dir_nofollow(name);
    next.map_err(|error| unopened(folder, name, error))
}

fn walk(folder: &Dir, prefix: &str, depth: usize, listed: &mut Listed) -> Result<(), LoadError> {
    let mut folders = Vec::new();
    for entry in folder.entries().map_err(unread)? {
        if listed.names == NAMES_MAX {
            listed.truncated = true;
            return Ok(());
        }
        listed.names += 1;
        let entry = entry.map_err(unread)?;
        // What is no text cannot be told, nor asked for.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let Ok(path) = AssetPath::new(&format!("{prefix}{name}")) else {
            continue;
        };
        let kind = kind(folder, &entry, &name);
        match Format::of(&name) {
            _ if kind.is_dir() && depth < DEPTH_MAX => folders.push((name, path)),
            _ if kind.is_dir() => listed.truncated = true,
            Some(_) if kind.is_file() && listed.entries.len() == FILES_MAX => {
                listed.truncated = true;
                return Ok(());
            }
            Some(format) if kind.is_file() => {
                // What an entry itself says of the size can be of before, on Windows.
                let bytes = match folder.symlink_metadata(&name) {
                    Ok(facts) => facts.len(),
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    Err(error) => return Err(unread(error)),
                };
                listed.entries.push(Entry {
                    path,
                    format,
                    bytes,
                });
            }
            _ => {}
        }
    }
    folders.sort();
    for (name, path) in folders {
        let within = step(folder, &name)?;
        walk(&within, &format!("{}/", path.as_str()), depth + 1, listed)?;
    }
    Ok(())
}

/// What an entry is; some file systems do not say it there.
fn kind(folder: &Dir, entry: &DirEntry, name: &str) -> FileType {
    let kind = entry.file_type().unwrap_or_else(|_| FileType::unknown());
    if kind != FileType::unknown() {
        return kind;
    }
    let facts = folder.symlink_metadata(name);
    facts.map_or(kind, |facts| facts.file_type())
}

/// A file of a name that no other has, and that is none of an asset: it is not listed, should it be left behind.
fn fresh(folder: &Dir) -> Result<(cap_std::fs::File, String), LoadError> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let mut options = imp::files();
    options
        .write(true)
        .create_new(true)
        .follow(FollowSymlinks::No);
    loop {
        let count = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!(".assets-{}-{count}.part", std::process::id());
        match folder.open_with(&name, &options) {
            // Of a process of the same number that was killed.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            opened => return Ok((opened.map_err(unread)?, name)),
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what errors are mapped by"
)]
fn unread(error: io::Error) -> LoadError {
    LoadError::Unreadable(error.to_string())
}

/// Why a name in a folder was not opened: each system has other words for a link, a folder, and a file that are none.
fn unopened(folder: &Dir, name: &str, error: io::Error) -> LoadError {
    let found = folder.symlink_metadata(name).map(|facts| facts.file_type());
    match (found, error.kind()) {
        (Ok(found), _) if found.is_symlink() => LoadError::Outside,
        (Ok(found), _) if found.is_dir() => LoadError::NotFound,
        (
            _,
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename,
        ) => LoadError::NotFound,
        _ => unread(error),
    }
}

#[cfg(test)]
mod tests;
