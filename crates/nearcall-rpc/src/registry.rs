//! Who serves what in a world: a private folder with one socket and one small JSON file per name.
//!
//! Any language reads an entry without a library: `<runtime folder>/<world>/<name>.json`. A server writes its entry
//! once its socket listens and takes it away when it stops; an entry whose process is gone is a crash's leftover, and
//! the next server of that name writes over it.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nearcall_transport::name::{ServiceName, World};
use nearcall_transport::{Address, PrivateDir, PrivateDirError};
#[cfg(windows)]
use nearcall_transport::{Peer, Transport};
use serde::{Deserialize, Serialize};
#[cfg(windows)]
use sha2::{Digest, Sha256};

use crate::limits::ENTRY_BYTES_MAX;

/// How much of a hash of the user is part of a pipe's name, in bytes.
#[cfg(windows)]
const USER_HASH_BYTES: usize = 8;

/// How the file of a bridge ends: no entry, though it is JSON.
const BRIDGE_ENDING: &str = ".bridge.json";

/// What a server says of itself in `<name>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// The name, as `arith` or `arith.1`.
    pub name: String,
    /// Where to dial, as `unix:/run/user/1000/nearcall/default/arith.sock`.
    pub address: String,
    /// The server's process.
    pub pid: u32,
    /// When the server began to listen, in RFC 3339, UTC.
    pub started: String,
    /// What the server speaks, as `grpc`.
    pub wires: Vec<String>,
    /// Full names of the services, as `arith.v1.Arith`.
    pub services: Vec<String>,
    /// A hash of everything the server's descriptors say; another value means another schema.
    pub schema_hash: String,
}

/// The folder of one world.
#[derive(Debug, Clone)]
pub struct Registry {
    dir: PathBuf,
    world: World,
}

/// Why a world's folder could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The folder is not ours alone.
    #[error(transparent)]
    Folder(#[from] PrivateDirError),
    /// An entry could not be read or written.
    #[error("cannot {what} the registry entry {}", path.display())]
    Entry {
        /// What was tried: read, write, list or remove.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl RegistryError {
    /// Whether the folder of an entry is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Entry { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl Registry {
    /// A world's folder, to look into. It is not made where there is none: nobody serves there.
    ///
    /// # Errors
    ///
    /// Others may look into the folder, so that what it says cannot be relied on.
    pub fn open(world: &World) -> Result<Self, RegistryError> {
        let dir = nearcall_transport::runtime_dir().join(world.as_str());
        if dir.symlink_metadata().is_ok() {
            return Self::create(world);
        }
        Ok(Self {
            dir,
            world: world.clone(),
        })
    }

    /// A world's folder, to serve in.
    pub(crate) fn create(world: &World) -> Result<Self, RegistryError> {
        let dir = PrivateDir::open(&nearcall_transport::runtime_dir(), world.as_str())?;
        Ok(Self {
            dir: dir.path().to_owned(),
            world: world.clone(),
        })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The world.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Where the socket of a name is, on systems that have them.
    #[must_use]
    pub fn socket(&self, name: &ServiceName) -> PathBuf {
        self.file(name, "sock")
    }

    /// Where a server of a name listens if nobody says otherwise: at the socket of that name.
    #[cfg(not(windows))]
    #[must_use]
    pub fn address(&self, name: &ServiceName) -> Address {
        Address::Unix(self.socket(name))
    }

    /// Where a server of a name listens if nobody says otherwise: at the pipe `nearcall.<user>.<world>.<name>`. Pipes have no
    /// folders, so the user is part of the name: a hash of the security identifier.
    #[cfg(windows)]
    #[must_use]
    pub fn address(&self, name: &ServiceName) -> Address {
        let own = Peer::this_process(Transport::Pipe).sid;
        let hash = Sha256::digest(own.as_deref().unwrap_or_default().as_bytes());
        let user: String = hash[..USER_HASH_BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Address::Pipe(format!("nearcall.{user}.{}.{}", self.world, name.local()))
    }

    /// Every entry, by name, none where there is no folder; files that are not entries are left out, with a log line.
    ///
    /// # Errors
    ///
    /// The folder cannot be listed.
    pub fn entries(&self) -> Result<Vec<Entry>, RegistryError> {
        let listed = |source| RegistryError::Entry {
            what: "list",
            path: self.dir.clone(),
            source,
        };
        let files = match std::fs::read_dir(&self.dir) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(listed(error)),
        };
        let mut entries = Vec::new();
        for file in files {
            let path = file.map_err(listed)?.path();
            let is_bridge = path.to_string_lossy().ends_with(BRIDGE_ENDING);
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Ok(entry) => entries.extend(entry),
                // `nearcall bridge` leaves word beside the service that it leads to.
                Err(_) if is_bridge => {}
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "not a registry entry; left out");
                }
            }
        }
        entries.sort_by(|a: &Entry, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The entry of one name, where there is one.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read as an entry.
    pub fn entry(&self, name: &ServiceName) -> Result<Option<Entry>, RegistryError> {
        let path = self.file(name, "json");
        read(&path).map_err(|source| RegistryError::Entry {
            what: "read",
            path,
            source,
        })
    }

    /// Removes the world's folder if nothing is left in it.
    pub fn remove_if_empty(&self) {
        // Not empty, or gone already: both are well.
        let _ = std::fs::remove_dir(&self.dir);
    }

    /// Writes a server's entry; it is taken away when the answer is dropped.
    pub(crate) fn register(
        &self,
        name: &ServiceName,
        entry: &Entry,
    ) -> Result<Registration, RegistryError> {
        let path = self.file(name, "json");
        let failed = |source| RegistryError::Entry {
            what: "write",
            path: path.clone(),
            source,
        };
        let text = serde_json::to_vec(entry).map_err(|error| failed(error.into()))?;
        // A reader sees the whole entry or none, since a rename within a folder is one step.
        let draft = self.file(name, &format!("json.{}", entry.pid));
        let written = std::fs::File::create(&draft)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| std::fs::rename(&draft, &path));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&draft);
            return Err(failed(error));
        }
        Ok(Registration {
            path,
            entry: entry.clone(),
        })
    }

    fn file(&self, name: &ServiceName, extension: &str) -> PathBuf {
        self.dir.join(format!("{}.{extension}", name.local()))
    }
}

/// A point in time as entries have it.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    prost_types::Timestamp::from(time).to_string()
}

/// An entry that is taken away when this is dropped, unless another server has written its own over it.
#[derive(Debug)]
pub(crate) struct Registration {
    path: PathBuf,
    entry: Entry,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let ours = matches!(read(&self.path), Ok(Some(entry)) if entry == self.entry);
        if ours && let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the registry entry stays behind");
        }
    }
}

fn read(path: &Path) -> io::Result<Option<Entry>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    file.take(ENTRY_BYTES_MAX).read_to_end(&mut text)?;
    Ok(Some(serde_json::from_slice(&text)?))
}
