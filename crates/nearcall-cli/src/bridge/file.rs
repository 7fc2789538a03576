//! The file that says where a bridge is, and its token: for its user alone, and gone with the bridge.

use std::fs;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use nearcall::registry::Registry;
use nearcall::{create_private_file, process};
use serde::{Deserialize, Serialize};

use crate::names::{ServiceName, World};
use crate::output;
use crate::registered;

/// How the name of the file ends.
const ENDING: &str = ".bridge.json";

/// Limit: how often a bridge makes way for itself, where others start and end bridges of the same name.
const ATTEMPTS: usize = 8;

/// How long a port may take to let a caller in before it counts as nobody's.
const KNOCK_WAIT: Duration = Duration::from_millis(500);

/// What a bridge says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The service behind it.
    pub(crate) name: String,
    /// Where it is, as `http://127.0.0.1:43211`.
    pub(crate) address: String,
    /// What each call carries, as `authorization: Bearer <token>`.
    pub(crate) token: String,
    /// Its process.
    pub(crate) pid: u32,
    /// When it started, in RFC 3339.
    pub(crate) started: String,
}

/// The file of a running bridge, removed when dropped.
#[derive(Debug)]
pub(crate) struct Written {
    registry: Registry,
    path: PathBuf,
    entry: Entry,
}

impl Written {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn entry(&self) -> &Entry {
        &self.entry
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if read(&self.path).as_ref() == Some(&self.entry) {
            // What cannot be removed is told apart by its dead process.
            let _ = fs::remove_file(&self.path);
        }
        self.registry.remove_if_empty();
    }
}

/// Writes the file of a bridge, unless there is a bridge already.
///
/// # Errors
/// When there is one, when a server has the name that the file needs, or when the folder cannot be written.
pub(crate) fn write(world: &World, name: &ServiceName, entry: Entry) -> anyhow::Result<Written> {
    let registry = Registry::open(world)?;
    let path = registry.dir().join(format!("{name}{ENDING}"));
    let draft = registry.dir().join(format!("{name}{ENDING}.{}", entry.pid));
    let told = || format!("cannot write {}", path.display());
    let text = serde_json::to_vec(&entry)?;
    // Left by a process of the same number that was killed while it wrote.
    let _ = fs::remove_file(&draft);
    let drafted = create_private_file(&draft).and_then(|mut file| file.write_all(&text));
    let linked = drafted
        .with_context(told)
        .and_then(|()| link(&draft, &path, name));
    let _ = fs::remove_file(&draft);
    linked?;
    Ok(Written {
        registry,
        path,
        entry,
    })
}

/// Puts the file in its place whole, and in nobody else's: a link is made only where nothing is.
fn link(draft: &Path, path: &Path, name: &ServiceName) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        match fs::hard_link(draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return outcome.with_context(|| format!("cannot write {}", path.display())),
        }
        match read(path) {
            Some(other) if is_alive(&other) => {
                return Err(output::failure(
                    format!("{name} has a bridge already, at {}", other.address),
                    format!("use it, or end its process {} first", other.pid),
                ));
            }
            None if path.exists() && !is_blank(path) => {
                return Err(output::failure(
                    format!(
                        "{} is there and is not the file of a bridge",
                        path.display()
                    ),
                    "it may be of a server of that name; give the server another one",
                ));
            }
            // Left behind by a bridge that was killed, or gone by now.
            _ => drop(fs::remove_file(path)),
        }
    }
    Err(output::failure(
        format!("{} is made anew again and again", path.display()),
        "`nearcall ps` shows who runs bridges of this name",
    ))
}

fn is_blank(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() == 0)
}

/// The bridge of a service, where one runs.
pub(crate) fn running(world: &World, name: &ServiceName) -> Option<Entry> {
    let path = registered::folder(world).join(format!("{name}{ENDING}"));
    read(&path).filter(is_alive)
}

/// Removes the files of bridges that are gone.
pub(crate) fn sweep(folder: &Path) {
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_bridge = file.file_name().to_string_lossy().ends_with(ENDING);
        if is_bridge && read(&file.path()).is_some_and(|entry| !is_alive(&entry)) {
            // Gone already is as good.
            let _ = fs::remove_file(file.path());
        }
    }
}

fn read(path: &Path) -> Option<Entry> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The process may be another's by now; that something listens at its port as well is not likely.
fn is_alive(entry: &Entry) -> bool {
    process::is_alive(entry.pid)
        && entry
            .address
            .strip_prefix("http://")
            .and_then(|place| place.parse().ok())
            .is_some_and(|place| TcpStream::connect_timeout(&place, KNOCK_WAIT).is_ok())
}
