//! Sockets that the parent process passes on.

use std::io;

pub use nearcall_sys::inherit::{TakeError, VARIABLE};

/// Why an inherited descriptor is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InheritError {
    /// It cannot be taken.
    #[error("there is no socket to inherit")]
    Take(#[from] TakeError),
    /// It is no socket that carries a stream.
    #[error(
        "expected the inherited descriptor to be a stream socket, found {found}; pass one end of a socket pair"
    )]
    NotAStream {
        /// What it is.
        found: String,
    },
    /// It is a socket without a peer.
    #[error(
        "expected the inherited socket to be connected, found one without a peer; pass one end of a socket pair"
    )]
    NotConnected {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It could not be made ready.
    #[error("cannot use the inherited socket")]
    Io(#[source] io::Error),
}
