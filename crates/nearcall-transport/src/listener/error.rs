//! Why there is no listener.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::inherit::InheritError;
use crate::path_limit::NameTooLong;
use crate::{Address, PrivateDirError};

/// Why an address cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody listens there.
    #[error("{address} is in use by {}; stop that one, or listen elsewhere", holder_text(name.as_deref(), *pid))]
    InUse {
        /// Where.
        address: Address,
        /// Who, as far as it said.
        name: Option<String>,
        /// Its process, as far as it is known.
        pid: Option<u32>,
    },
    /// Something else is at the path.
    #[error("expected nothing or a socket at {}, found {found}; move it away, or listen elsewhere", path.display())]
    NotASocket {
        /// Where.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// A socket that nobody listens at could not be cleared.
    #[error("{} is left over from another process and cannot be cleared; remove it", path.display())]
    Stale {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A socket is there that does not say whether somebody listens.
    #[error("cannot tell whether somebody listens at {}; remove it if not, or listen elsewhere", path.display())]
    Unclear {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is no folder for the socket.
    #[error("the folder of {} does not exist; make it, as with `mkdir -m 700 {}`", path.display(), folder(path))]
    NoFolder {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The folder takes no socket.
    #[error(
        "cannot create {} in its folder; listen in a folder that this user may write, on a disk with room",
        path.display()
    )]
    Folder {
        /// The socket, or the lock beside it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The folder that holds endpoints by name is not this user's alone.
    #[error(transparent)]
    PrivateDir(#[from] PrivateDirError),
    /// The address can be no socket's.
    #[error(transparent)]
    NameTooLong(#[from] NameTooLong),
    /// Others than this machine could call.
    #[error(
        "{address} is {found}, which others than this machine can reach, unencrypted; listen at 127.0.0.1, or say that \
         insecure is meant"
    )]
    NotLoopback {
        /// Where.
        address: Address,
        /// What the host stands for.
        found: SocketAddr,
    },
    /// The host has no address.
    #[error("the host of {address} has no address; check its spelling, or write the IP address")]
    UnknownHost {
        /// Where.
        address: Address,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is no socket to inherit.
    #[error(transparent)]
    Inherit(#[from] InheritError),
    /// This build or system has no such wire.
    #[error("cannot listen at {address}: {why}")]
    Unsupported {
        /// Where.
        address: Address,
        /// Why, and what to do.
        why: &'static str,
    },
    /// Something else.
    #[error("cannot listen at {address}")]
    Io {
        /// Where.
        address: Address,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why no connection will come any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The listener itself is broken.
    #[error("the listener at {address} is broken and takes no further connections; listen anew")]
    Broken {
        /// Where it listened.
        address: Address,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

fn holder_text(name: Option<&str>, pid: Option<u32>) -> String {
    match (name, pid) {
        (Some(name), Some(pid)) => format!("`{name}`, pid {pid}"),
        (Some(name), None) => format!("`{name}`"),
        (None, Some(pid)) => format!("pid {pid}"),
        (None, None) => "another process".to_owned(),
    }
}

fn folder(path: &std::path::Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}
