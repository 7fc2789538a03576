//! From what a user calls a server to where it is.

use nearcall_transport::name::{ServiceName, World, WorldError};
use nearcall_transport::{Address, AddressError, Target};

use crate::registry::{Registry, RegistryError};
use crate::wire::Wire;

/// Why a name or an address says no place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Neither a name nor an address.
    #[error(transparent)]
    Target(#[from] AddressError),
    /// `NEARCALL_WORLD` is not a name.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The variable that re-points the name holds no address.
    #[error("{variable} re-points `{name}`, but what it holds is not an address")]
    Override {
        /// The variable.
        variable: String,
        /// The name it is for.
        name: String,
        /// What is wrong with it.
        #[source]
        source: AddressError,
    },
    /// The world's folder cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Nobody serves the name.
    #[error(
        "nobody serves `{name}` in world `{world}`; {}; start it, for example with `nearcall up`",
        served_text(served)
    )]
    NotServed {
        /// The name.
        name: String,
        /// The world that was looked in.
        world: String,
        /// The names that are served there.
        served: Vec<String>,
    },
}

fn served_text(served: &[String]) -> String {
    if served.is_empty() {
        "nothing is served there".to_owned()
    } else {
        format!("served there: {}", served.join(", "))
    }
}

/// Where a target is, and what is known of what it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) address: Address,
    /// Whether the server speaks the lane; none where nobody says.
    pub(crate) lane: Option<bool>,
}

impl From<Address> for Place {
    fn from(address: Address) -> Self {
        Self {
            address,
            lane: None,
        }
    }
}

/// Where a target is now; asked anew for every connection, since a server may come back elsewhere.
pub(crate) fn resolve(target: &Target) -> Result<Place, ResolveError> {
    let name = match target {
        Target::Address(address) => return Ok(address.clone().into()),
        Target::Name(name) => name,
    };
    let variable = name.variable();
    if let Ok(text) = std::env::var(&variable) {
        let address: Result<Address, _> = text.parse();
        return address
            .map(Place::from)
            .map_err(|source| ResolveError::Override {
                variable,
                name: name.to_string(),
                source,
            });
    }
    let registry = Registry::open(&world_of(name)?)?;
    if let Some(entry) = registry.entry(name)? {
        return Ok(Place {
            address: entry.address.parse()?,
            lane: Some(entry.wires.iter().any(|wire| wire == Wire::Lane.as_str())),
        });
    }
    // A server in another language may listen where the name says, and have made no entry.
    let address = registry.address(name);
    if address.is_taken() {
        return Ok(address.into());
    }
    Err(ResolveError::NotServed {
        name: name.local(),
        world: registry.world().to_string(),
        served: registry
            .entries()?
            .into_iter()
            .map(|entry| entry.name)
            .collect(),
    })
}

/// The world that a name is in: its own, else `NEARCALL_WORLD`, else `default`.
pub(crate) fn world_of(name: &ServiceName) -> Result<World, ResolveError> {
    match name.world() {
        Some(world) => Ok(world.clone()),
        None => Ok(World::from_env()?),
    }
}
