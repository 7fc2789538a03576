//! Why a connection was not made.

use std::io;
use std::time::Duration;

use crate::Address;
use crate::inherit::InheritError;
use crate::path_limit::NameTooLong;

/// Why a connection was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is nothing at the address.
    #[error("there is no server at {address}: nothing is there; start it, or check the address")]
    NotFound {
        /// Where to.
        address: Address,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something is there, and nobody listens: most often a server that died.
    #[error("there is no server at {address}: nobody listens there any more; start it again")]
    Refused {
        /// Where to.
        address: Address,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// This user may not.
    #[error(
        "this user may not connect to {address}; run as the server's user, or have the server listen elsewhere"
    )]
    PermissionDenied {
        /// Where to.
        address: Address,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The time was up.
    #[error("connecting to {address} took longer than {limit:?}; the server is busy or stopped")]
    TimedOut {
        /// Where to.
        address: Address,
        /// How long it could take.
        limit: Duration,
    },
    /// No listener of that name in this process.
    #[error(
        "nobody in this process listens at {address}; {}",
        listening_text(listening)
    )]
    NotListening {
        /// Where to.
        address: Address,
        /// The names that are listened at.
        listening: Vec<String>,
    },
    /// The address can be no socket's.
    #[error(transparent)]
    NameTooLong(#[from] NameTooLong),
    /// There is no socket to inherit.
    #[error(transparent)]
    Inherit(#[from] InheritError),
    /// The host has no address.
    #[error("the host of {address} has no address; check its spelling, or write the IP address")]
    UnknownHost {
        /// Where to.
        address: Address,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// This build or system has no such wire.
    #[error("cannot connect to {address}: {why}")]
    Unsupported {
        /// Where to.
        address: Address,
        /// Why, and what to do.
        why: &'static str,
    },
    /// Something else.
    #[error("cannot connect to {address}")]
    Io {
        /// Where to.
        address: Address,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl ConnectError {
    /// Sorts what the system said.
    pub(crate) fn from_io(address: &Address, source: io::Error) -> Self {
        let address = address.clone();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { address, source },
            io::ErrorKind::ConnectionRefused => Self::Refused { address, source },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { address, source },
            _ => Self::Io { address, source },
        }
    }
}

fn listening_text(listening: &[String]) -> String {
    if listening.is_empty() {
        "nothing is listened at".to_owned()
    } else {
        format!("listened at: {}", listening.join(", "))
    }
}
