//! The files that frames are written to: where they are, how many there may be, and what becomes of those that a killed
//! server left.
//!
//! Each is locked with `flock(2)` by who writes it. The kernel gives the lock up when that dies, so whether a file was
//! left is never a matter of time.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nearcall_rpc::Session;
use nearcall_transport::{PrivateDir, PrivateDirError};
use rustix::fs::{FallocateFlags, FlockOperation, Mode, OFlags, fallocate, fchmod, flock};
use rustix::io::Errno;

use crate::limits::{FILE_ATTEMPTS, FILE_BYTES_MAX, FILES_MAX};

/// What such a file is called, after 36 characters that no other has.
const ENDING: &str = ".frames";

/// The owner reads, and so would its group if it could look into the folder.
const MODE: Mode = Mode::RUSR.union(Mode::RGRP);

/// Why frames may not go by files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// The channels are closed to other processes of this user, which could open files.
    #[error(
        "expected channels that are open to other processes of this user, found sealed ones; any of these could read and write the files"
    )]
    Sealed,
    /// It was asked for before.
    #[error("frames may go by files already; ask for it once")]
    Twice,
    /// The folder will not do.
    #[error("no files for frames can be made")]
    Folder(#[from] PrivateDirError),
    /// The folder cannot be listed.
    #[error("cannot look for files that were left in {}", path.display())]
    List {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why there is no file for one more reader.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileFault {
    #[error("there are {FILES_MAX} files, or {FILE_BYTES_MAX} bytes of them, already")]
    TooMany,
    #[error("the server is stopping")]
    Stopping,
    #[error("the folder of the files will not do: {0}")]
    Folder(#[from] PrivateDirError),
    #[error("the system gives no file: {0}")]
    Io(#[from] io::Error),
    #[error("the channel's frames make no file: {0}")]
    Geometry(#[from] nearcall_frames::GeometryError),
    #[error("the system gives no randomness: {0}")]
    Random(#[from] getrandom::Error),
}

/// The folder, and the files in it that are this server's.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    made: Mutex<Made>,
}

#[derive(Debug, Default)]
struct Made {
    files: usize,
    bytes: usize,
    /// Which server each is of.
    by_path: HashMap<PathBuf, String>,
    /// The servers that take their files away when they stop.
    servers: HashSet<String>,
}

/// Room for one file; given back when this is dropped.
#[derive(Debug)]
struct Room {
    files: Arc<Files>,
    bytes: usize,
}

/// The name of a file; the file is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Name {
    room: Room,
    path: PathBuf,
}

impl Files {
    /// Opens the folder, and removes what killed servers left in it.
    pub(super) fn open(folder: &Path) -> Result<Self, FilesError> {
        let folder = PrivateDir::at(folder)?.path().to_owned();
        let listed = sweep(&folder);
        listed.map_err(|source| FilesError::List {
            path: folder.clone(),
            source,
        })?;
        Ok(Self {
            folder,
            made: Mutex::default(),
        })
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a file of `bytes` bytes, locked, for a reader that came over a connection. It blocks.
    pub(super) fn make(
        self: &Arc<Self>,
        session: &Session,
        bytes: usize,
    ) -> Result<(File, Name), FileFault> {
        let server = session.address().to_string();
        if !self.is_with(session, &server) {
            return Err(FileFault::Stopping);
        }
        let room = self.room(bytes)?;
        // Looked at each time: a folder that was opened to others since takes no more files.
        PrivateDir::at(&self.folder)?;
        let (file, path) = create(&self.folder)?;
        let mut made = self.made();
        if !made.servers.contains(&server) {
            drop(made);
            remove(&path);
            return Err(FileFault::Stopping);
        }
        made.by_path.insert(path.clone(), server);
        drop(made);
        // From here on the file goes when its name does.
        let name = Name { room, path };
        match fallocate(&file, FallocateFlags::empty(), 0, bytes as u64) {
            Ok(()) => {}
            // A file system that cannot keep room says so when it has none.
            Err(Errno::OPNOTSUPP) => file.set_len(bytes as u64)?,
            Err(error) => return Err(io::Error::from(error).into()),
        }
        Ok((file, name))
    }

    /// Has a server take its files away when it stops; false where it is stopping.
    fn is_with(self: &Arc<Self>, session: &Session, server: &str) -> bool {
        let mut made = self.made();
        if made.servers.contains(server) {
            return true;
        }
        let (files, leaving) = (Arc::downgrade(self), server.to_owned());
        let leave = move || {
            if let Some(files) = files.upgrade() {
                files.leave(&leaving);
            }
        };
        let is_with = session.beside_server(|| ((), Box::new(leave))).is_some();
        if is_with {
            made.servers.insert(server.to_owned());
        }
        is_with
    }

    /// Removes the files of a server that stops; who still reads one has it open.
    fn leave(&self, server: &str) {
        let mut made = self.made();
        made.servers.remove(server);
        made.by_path.retain(|path, of| {
            let stays = of != server;
            if !stays {
                remove(path);
            }
            stays
        });
    }

    fn room(self: &Arc<Self>, bytes: usize) -> Result<Room, FileFault> {
        let mut made = self.made();
        if made.files >= FILES_MAX || made.bytes.saturating_add(bytes) > FILE_BYTES_MAX {
            return Err(FileFault::TooMany);
        }
        made.files += 1;
        made.bytes += bytes;
        let files = Arc::clone(self);
        Ok(Room { files, bytes })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut made = self.files.made();
        made.files -= 1;
        made.bytes -= self.bytes;
    }
}

impl Name {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let ours = self.room.files.made().by_path.remove(&self.path);
        if ours.is_some() {
            remove(&self.path);
        }
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a file of frames stays behind");
    }
}

/// A new file, locked. Who sweeps may lock it for a moment in between, and removes it then.
fn create(folder: &Path) -> Result<(File, PathBuf), FileFault> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    for _ in 0..FILE_ATTEMPTS {
        let path = folder.join(name()?);
        let file = File::from(rustix::fs::open(&path, flags, MODE).map_err(io::Error::from)?);
        let mine = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
            && is_at(&file, &path).unwrap_or(false);
        if mine {
            // Whatever the process's mask took away.
            let closed = fchmod(&file, MODE).map_err(io::Error::from);
            return match closed {
                Ok(()) => Ok((file, path)),
                Err(error) => {
                    remove(&path);
                    Err(error.into())
                }
            };
        }
        remove(&path);
    }
    Err(io::Error::from(io::ErrorKind::ResourceBusy).into())
}

/// A name that no other file has: a random UUID.
fn name() -> Result<String, FileFault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let id = u128::from_be_bytes(bytes);
    // Version 4, of the variant that RFC 9562 lays out.
    let id = (id & !(0xf << 76) | 0x4 << 76) & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{id:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &hex[part]);
    Ok(parts.join("-") + ENDING)
}

fn is_name(name: &OsStr) -> bool {
    let name = name.to_str().and_then(|name| name.strip_suffix(ENDING));
    name.is_some_and(|id| {
        let mut bytes = id.bytes().enumerate();
        id.len() == 36
            && bytes.all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    })
}

/// Removes the files that nobody holds the lock of.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !is_name(&entry.file_name()) {
            continue;
        }
        let path = entry.path();
        match sweep_one(&path) {
            Ok(true) => {
                tracing::info!(path = %path.display(), "removed the frames of a server that died");
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a file of frames stays behind");
            }
        }
    }
    Ok(())
}

fn sweep_one(path: &Path) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        // Its server removed it meanwhile.
        Err(Errno::NOENT) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) if is_at(&file, path)? => fs::remove_file(path).map(|()| true),
        Ok(()) | Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let file = file.metadata()?;
    Ok((there.dev(), there.ino()) == (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_random_and_known_again() {
        let names = [name().unwrap(), name().unwrap()];
        assert_ne!(names[0], names[1]);
        for name in names {
            assert!(is_name(name.as_ref()), "{name}");
            assert_eq!(&name[14..15], "4", "{name}");
            assert!("89ab".contains(&name[19..20]), "{name}");
        }
        for other in ["frames.sock.frames", ".frames", "a.frames", ""] {
            assert!(!is_name(other.as_ref()), "{other}");
        }
    }
}
