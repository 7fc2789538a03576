//! The servers of a world as its runtime folder has them, and which of them are alive. The kernel is asked: a socket
//! that nobody listens at and a process that is not there are dead, however young their files are.

use std::fs;
use std::path::{Path, PathBuf};

use nearcall::registry::{Entry, Registry, RegistryError};
use nearcall::{Address, Server, process};

use crate::bridge;
use crate::imp;
use crate::names::{ServiceName, World};

/// A server of a world.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// The name it is called by.
    pub(crate) name: ServiceName,
    /// Where it listens.
    pub(crate) address: String,
    /// Its process, when it wrote an entry.
    pub(crate) pid: Option<u32>,
    /// When it began to listen, in RFC 3339, when it wrote an entry.
    pub(crate) started: Option<String>,
    /// What it speaks, when it wrote an entry.
    pub(crate) wires: Vec<String>,
    /// Whether it is there.
    pub(crate) alive: bool,
}

/// The folder of a world, whether or not it exists.
pub(crate) fn folder(world: &World) -> PathBuf {
    nearcall::runtime_dir().join(world.as_str())
}

/// Every world that has a folder, by name.
pub(crate) fn worlds() -> Vec<World> {
    let folders = fs::read_dir(nearcall::runtime_dir()).into_iter().flatten();
    let mut worlds: Vec<World> = folders
        .flatten()
        .filter_map(|folder| folder.file_name().to_str()?.parse().ok())
        .collect();
    worlds.sort();
    worlds
}

/// Every server of a world by name: those with an entry, and sockets that a server made without one.
///
/// # Errors
/// When the folder is there and cannot be used.
pub(crate) async fn servers(world: &World) -> Result<Vec<Listed>, RegistryError> {
    if !folder(world).exists() {
        // To open it would make it.
        return Ok(Vec::new());
    }
    let registry = Registry::open(world)?;
    let mut entries = registry.entries()?;
    entries.retain(|entry| entry.name.parse::<ServiceName>().is_ok());
    let mut servers = Vec::new();
    for name in names_with(registry.dir(), ".sock") {
        if entries.iter().any(|entry| entry.name == name.as_str()) {
            continue;
        }
        let address = Address::Unix(socket(registry.dir(), &name));
        let alive = imp::is_served(&address).await;
        servers.push(Listed {
            name,
            address: address.to_string(),
            pid: None,
            started: None,
            wires: Vec::new(),
            alive,
        });
    }
    for entry in entries {
        let alive = is_alive(&entry).await;
        let Ok(name) = entry.name.parse() else {
            continue;
        };
        servers.push(Listed {
            name,
            address: entry.address,
            pid: Some(entry.pid),
            started: Some(entry.started),
            wires: entry.wires,
            alive,
        });
    }
    servers.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(servers)
}

/// The server of a name, if there is one and it is alive.
///
/// # Errors
/// When the folder is there and cannot be used.
pub(crate) async fn alive(
    world: &World,
    name: &ServiceName,
) -> Result<Option<Listed>, RegistryError> {
    let servers = servers(world).await?;
    Ok(servers
        .into_iter()
        .find(|server| server.alive && server.name == *name))
}

/// Where a name's entry says that it is served.
pub(crate) fn address(world: &World, name: &ServiceName) -> Option<String> {
    let entry = fs::read(folder(world).join(format!("{name}.json"))).ok()?;
    Some(serde_json::from_slice::<Entry>(&entry).ok()?.address)
}

/// Removes what dead servers left in the folder of a world, and the folder when it is empty then; answers with their
/// names.
pub(crate) async fn sweep(world: &World) -> Vec<ServiceName> {
    let mut swept = Vec::new();
    let folder = folder(world);
    // What cannot be listed cannot be swept either.
    let servers = servers(world).await.unwrap_or_default();
    let dead = servers
        .into_iter()
        .filter(|server| !server.alive)
        .map(|server| server.name);
    for name in dead.chain(names_with(&folder, ".sock.lock")) {
        // To take a dead server's place and leave it is how a place is cleared: under the lock that every server of
        // ours takes, and never with a live one in it.
        if Server::new(name.in_world(world)).bind().await.is_ok() {
            swept.push(name);
        }
    }
    swept.sort();
    swept.dedup();
    bridge::sweep(&folder);
    // Not empty, or gone already: both are well.
    let _ = fs::remove_dir(folder);
    swept
}

fn socket(folder: &Path, name: &ServiceName) -> PathBuf {
    folder.join(format!("{name}.sock"))
}

/// The names of the files in a folder that end so.
fn names_with(folder: &Path, ending: &str) -> Vec<ServiceName> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| {
            file.file_name()
                .to_str()?
                .strip_suffix(ending)?
                .parse()
                .ok()
        })
        .collect()
}

async fn is_alive(entry: &Entry) -> bool {
    process::is_alive(entry.pid)
        && match entry.address.parse() {
            // The process id may be another's by now; the place cannot.
            Ok(address) => imp::is_served(&address).await,
            Err(_) => true,
        }
}
