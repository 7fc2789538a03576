//! The file of a socket, told from another of the same name.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Read and write for the owner: on a socket, writing is connecting.
pub(super) const SOCKET_MODE: u32 = 0o600;

/// What makes two looks at a path looks at the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            number: metadata.ino(),
        }
    }
}

/// The file of a socket that this process bound; dropping it unlinks that file, and never another.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: Inode,
}

impl SocketFile {
    /// Adopts what was just bound at the path, closed to other users. Nobody can have connected: it does not listen.
    pub(super) fn adopt(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::symlink_metadata(path)?;
        let file = Self {
            path: path.to_owned(),
            inode: Inode::of(&metadata),
        };
        if metadata.mode() & 0o777 != SOCKET_MODE {
            std::fs::set_permissions(path, PermissionsExt::from_mode(SOCKET_MODE))?;
        }
        Ok(file)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        match std::fs::symlink_metadata(&self.path) {
            Ok(metadata) if Inode::of(&metadata) == self.inode => {}
            _ => return,
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the socket stays behind");
        }
    }
}

/// What a file is, in words.
pub(super) fn kind_of(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_file() {
        "a file"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}
