//! Names as this command takes them.

use std::fmt;
use std::str::FromStr;

pub(crate) use name::World;
use nearcall::name::{self, NameError};

/// The name of a service within the world at hand, such as `arith` or `arith.0`; never `arena/arith`, since which world
/// is meant is said once, for the whole command.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServiceName(String);

/// Why a text is not the name of a service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceNameError {
    /// It does not obey the grammar.
    #[error(transparent)]
    Grammar(#[from] NameError),
    /// It says a world as well.
    #[error(
        "expected the name of a service, found one with its world, {0:?}; say the world by --world"
    )]
    World(String),
}

impl ServiceName {
    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with its world, as `nearcall::connect` takes it.
    pub(crate) fn in_world(&self, world: &World) -> String {
        format!("{world}/{self}")
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceName {
    type Err = ServiceNameError;

    fn from_str(text: &str) -> Result<Self, ServiceNameError> {
        let name: name::ServiceName = text.parse()?;
        match name.world() {
            None => Ok(Self(name.local())),
            Some(_) => Err(ServiceNameError::World(text.to_owned())),
        }
    }
}
