//! What a user calls a server by.

use std::fmt;
use std::str::FromStr;

use super::{Address, AddressError};
use crate::name::ServiceName;

/// A name, which a registry knows the place of, or the place itself. A scheme, and so a colon, tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// `arith`, `arena/arith`, `arena.0/arith.1`.
    Name(ServiceName),
    /// `unix:/run/arith.sock` and the other forms of [`Address`].
    Address(Address),
}

impl FromStr for Target {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() || text.contains(':') || text.contains('\0') {
            return text.parse().map(Self::Address);
        }
        match text.parse() {
            Ok(name) => Ok(Self::Name(name)),
            Err(source) => Err(AddressError::Name {
                text: text.to_owned(),
                source,
            }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl From<ServiceName> for Target {
    fn from(name: ServiceName) -> Self {
        Self::Name(name)
    }
}

impl From<Address> for Target {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}
