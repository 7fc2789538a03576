//! Which servers there are, and which of them serves what is asked for.

use std::fmt;
use std::time::Duration;

use nearcall::name::World;
use nearcall::registry::{Entry, Registry, RegistryError};
use nearcall::{Channel, ConnectError};

use super::lookup::is_plumbing;
use super::suggest::did_you_mean;
use crate::imp::ADDRESS_EXAMPLE;

/// Limit: how long a server may take to take up a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A server that can be asked and called.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// What the user calls it: `arith`, `unix:/tmp/arith.sock`.
    pub(crate) name: String,
    /// The connection to it.
    pub(crate) channel: Channel,
}

/// Why there is no server to talk to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoServer {
    /// No server of the world has the service.
    #[error("no server in world {world} serves {service}{hint}{served}")]
    NotServed {
        /// The service asked for.
        service: String,
        /// Where it was looked for.
        world: String,
        /// What may have been meant.
        hint: String,
        /// What is served there.
        served: Served,
    },
    /// Several servers have it.
    #[error("{} servers in world {world} serve {service}: {}", names.len(), names.join(", "))]
    Ambiguous {
        /// The service asked for.
        service: String,
        /// Where it was looked for.
        world: String,
        /// The servers that have it.
        names: Vec<String>,
    },
    /// It is not there, or not where its entry says.
    #[error("cannot connect to {name}")]
    Unreachable {
        /// What the user calls it.
        name: String,
        /// Why not.
        source: Box<ConnectError>,
    },
    /// The world's folder cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl NoServer {
    /// What to do about it.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::NotServed { .. } => format!(
                "start it (`nearcall up`), look in another world (--world), or say where it is (--at {ADDRESS_EXAMPLE})"
            ),
            Self::Ambiguous { .. } => "say which one: --at NAME".to_owned(),
            Self::Unreachable { .. } => "`nearcall list` shows what is there".to_owned(),
            Self::Registry(_) => "`nearcall doctor` checks the folder".to_owned(),
        }
    }
}

/// The services that a world does have, as the end of a sentence.
#[derive(Debug)]
pub(crate) struct Served(Vec<String>);

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("; nothing is served there")
        } else {
            write!(f, "; served there: {}", self.0.join(", "))
        }
    }
}

/// The servers of a world, by name.
pub(crate) fn of_world(world: &World) -> Result<Vec<Entry>, RegistryError> {
    Registry::open(world)?.entries()
}

/// Every world that has a folder, by name.
pub(crate) fn worlds() -> Vec<World> {
    let Ok(folders) = std::fs::read_dir(nearcall::runtime_dir()) else {
        // Nothing was ever served by this user.
        return Vec::new();
    };
    let mut worlds: Vec<World> = folders
        .flatten()
        .filter_map(|folder| folder.file_name().to_str()?.parse().ok())
        .collect();
    worlds.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    worlds
}

/// Connects to a name of the world, to `world/name`, or to an address.
pub(crate) async fn connect(target: &str, world: &World) -> Result<Server, NoServer> {
    let is_bare = !target.contains([':', '/']);
    let qualified = if is_bare {
        format!("{}/{target}", world.as_str())
    } else {
        target.to_owned()
    };
    let channel = Channel::builder(qualified)
        .connect_timeout(CONNECT_TIMEOUT)
        .connect()
        .await
        .map_err(|source| NoServer::Unreachable {
            name: target.to_owned(),
            source: source.into(),
        })?;
    Ok(Server {
        name: target.to_owned(),
        channel,
    })
}

/// Connects to the one server of the world that serves `service`.
pub(crate) async fn serving(service: &str, world: &World) -> Result<Server, NoServer> {
    let entries = of_world(world)?;
    let serving = choose(&entries, service, world)?;
    let mut reached = Vec::new();
    let mut unreached = None;
    for name in serving {
        match connect(name, world).await {
            Ok(server) => reached.push(server),
            // The entry of a server that crashed does not make the living one ambiguous.
            Err(error) => unreached = Some(error),
        }
    }
    match (reached.pop(), unreached) {
        (Some(server), _) if reached.is_empty() => Ok(server),
        (None, Some(error)) => Err(error),
        (last, _) => {
            reached.extend(last);
            Err(NoServer::Ambiguous {
                service: service.to_owned(),
                world: world.to_string(),
                names: reached.into_iter().map(|server| server.name).collect(),
            })
        }
    }
}

/// The names of the servers whose entries list the service; at least one.
fn choose<'a>(
    entries: &'a [Entry],
    service: &str,
    world: &World,
) -> Result<Vec<&'a str>, NoServer> {
    let names: Vec<_> = entries
        .iter()
        .filter(|entry| entry.services.iter().any(|known| known == service))
        .map(|entry| entry.name.as_str())
        .collect();
    if !names.is_empty() {
        return Ok(names);
    }
    let mut served: Vec<_> = entries
        .iter()
        .flat_map(|entry| &entry.services)
        .filter(|known| !is_plumbing(known))
        .cloned()
        .collect();
    served.sort_unstable();
    served.dedup();
    Err(NoServer::NotServed {
        service: service.to_owned(),
        world: world.to_string(),
        hint: did_you_mean(service, served.iter().map(String::as_str)),
        served: Served(served),
    })
}
