//! The right to a socket's path, held for as long as the listener lives.
//!
//! Beside the socket lies `<socket>.lock`, locked with `flock(2)`. The kernel gives the lock up when its holder dies, so
//! whether somebody lives is never a matter of time. A server that holds no lock (one in another language) is found by
//! connecting to it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use tokio::net::UnixStream;
use tokio::time::Instant;

use super::identity::peer_of;
use super::socket_file::{Inode, kind_of};
use crate::limits::{HOLDER_POLL, HOLDER_WAIT, LOCK_FILE_BYTES_MAX, STALE_GRACE};
use crate::{Address, BindError, Transport};

/// The lock on a path. Dropping it removes the lock file and gives the lock up.
#[derive(Debug)]
pub(crate) struct Claim {
    lock: File,
    lock_path: PathBuf,
}

impl Claim {
    /// Takes the lock of a path and clears a socket that nobody listens at.
    pub(crate) async fn take(
        path: &Path,
        address: &Address,
        owner: &str,
    ) -> Result<Self, BindError> {
        let claim = Self::lock(path, address, owner).await?;
        claim.clear(path, address).await?;
        Ok(claim)
    }

    async fn lock(path: &Path, address: &Address, owner: &str) -> Result<Self, BindError> {
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let deadline = Instant::now() + HOLDER_WAIT;
        loop {
            match try_lock(&lock_path).map_err(|source| refused(&lock_path, path, source))? {
                Attempt::Locked(lock) => {
                    let mut claim = Self { lock, lock_path };
                    let said = claim.say(owner);
                    return said.map(|()| claim).map_err(|source| BindError::Folder {
                        path: path.to_owned(),
                        source,
                    });
                }
                Attempt::Replaced => {}
                Attempt::Held(holder) => {
                    // Right after taking the lock the holder has not said who it is, or the one before it has.
                    let late = Instant::now() >= deadline;
                    let speaks_for_itself = holder.pid.is_some_and(nearcall_sys::process::is_alive);
                    if late || speaks_for_itself {
                        return Err(BindError::InUse {
                            address: address.clone(),
                            name: holder.name,
                            pid: holder.pid,
                        });
                    }
                    tokio::time::sleep(HOLDER_POLL).await;
                }
            }
        }
    }

    /// Writes who holds the lock: `<pid> <owner>`.
    fn say(&mut self, owner: &str) -> io::Result<()> {
        let owner: String = owner
            .chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        self.lock.set_len(0)?;
        // One write: a reader sees all of it or nothing.
        self.lock
            .write_all(format!("{} {owner}\n", std::process::id()).as_bytes())
    }

    /// Removes a socket that a dead server has left. Called with the lock held, so no other nearcall server is at it.
    pub(super) async fn clear(&self, path: &Path, address: &Address) -> Result<(), BindError> {
        let Some(before) = socket_at(path)? else {
            return Ok(());
        };
        refuse_live(path, address).await?;
        // A server without a lock may be between its bind and its listen.
        tokio::time::sleep(STALE_GRACE).await;
        refuse_live(path, address).await?;
        if socket_at(path)? != Some(before) {
            return Ok(());
        }
        match std::fs::remove_file(path) {
            Ok(()) => {
                tracing::info!(path = %path.display(), "cleared the socket of a server that died");
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(BindError::Stale {
                path: path.to_owned(),
                source,
            }),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Unlinked while locked: whoever waits on this file finds that it is no longer the one at the path.
        if is_at(&self.lock, &self.lock_path).unwrap_or(false)
            && let Err(error) = std::fs::remove_file(&self.lock_path)
        {
            tracing::warn!(path = %self.lock_path.display(), %error, "the lock file stays behind");
        }
        // Closing alone would leave the lock with a child of this process that is about to exec.
        let _ = flock(&self.lock, FlockOperation::Unlock);
    }
}

/// Asks by connecting whether somebody listens, and refuses to disturb who does.
async fn refuse_live(path: &Path, address: &Address) -> Result<(), BindError> {
    let in_use = |pid| {
        Err(BindError::InUse {
            address: address.clone(),
            name: None,
            pid,
        })
    };
    match UnixStream::connect(path).await {
        Ok(stream) => in_use(peer_of(&stream, Transport::Unix).pid),
        Err(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Ok(()),
            // Its backlog is full.
            io::ErrorKind::WouldBlock => in_use(None),
            // No permission to ask, or a socket of another kind.
            _ => Err(BindError::Unclear {
                path: path.to_owned(),
                source: error,
            }),
        },
    }
}

/// What a lock file says of who holds it.
#[derive(Debug, Default)]
struct Holder {
    name: Option<String>,
    pid: Option<u32>,
}

enum Attempt {
    Locked(File),
    Held(Holder),
    /// The file was unlinked between opening and locking.
    Replaced,
}

fn try_lock(path: &Path) -> io::Result<Attempt> {
    let flags =
        OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) if is_at(&file, path)? => Ok(Attempt::Locked(file)),
        Ok(()) => Ok(Attempt::Replaced),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Attempt::Held(read_holder(&mut file)?)),
        Err(error) => Err(error.into()),
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    match std::fs::symlink_metadata(path) {
        Ok(there) => Ok(Inode::of(&there) == Inode::of(&file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn read_holder(file: &mut File) -> io::Result<Holder> {
    let mut bytes = Vec::new();
    file.take(LOCK_FILE_BYTES_MAX as u64)
        .read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (pid, name) = text.trim_end().split_once(' ').unwrap_or_default();
    Ok(Holder {
        name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        pid: pid.parse().ok(),
    })
}

/// The socket at a path, if there is one.
fn socket_at(path: &Path) -> Result<Option<Inode>, BindError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => Ok(Some(Inode::of(&metadata))),
        Ok(metadata) => Err(BindError::NotASocket {
            path: path.to_owned(),
            found: kind_of(&metadata),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(BindError::Folder {
            path: path.to_owned(),
            source,
        }),
    }
}

fn refused(lock_path: &Path, path: &Path, source: io::Error) -> BindError {
    let exists = std::fs::symlink_metadata(lock_path);
    match exists {
        Ok(metadata) if !metadata.file_type().is_file() => BindError::NotASocket {
            path: lock_path.to_owned(),
            found: kind_of(&metadata),
        },
        _ if source.kind() == io::ErrorKind::NotFound => BindError::NoFolder {
            path: path.to_owned(),
            source,
        },
        _ => BindError::Folder {
            path: lock_path.to_owned(),
            source,
        },
    }
}
