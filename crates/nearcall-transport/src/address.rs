//! Where a listener listens and a client dials, as a user writes it.

mod host;
mod parse;
mod target;

use std::fmt;
use std::path::PathBuf;

pub use host::HttpHost;
pub use parse::AddressError;
pub use target::Target;

/// One endpoint on one wire. It parses from what users write, and [`Display`](fmt::Display) gives that back.
///
/// ```
/// use nearcall_transport::Address;
///
/// let address: Address = "unix:/run/arena/arith.sock".parse()?;
/// assert_eq!(address, Address::Unix("/run/arena/arith.sock".into()));
/// assert_eq!(address.to_string(), "unix:/run/arena/arith.sock");
/// # Ok::<(), nearcall_transport::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// `unix:/abs/path`, `unix:rel`: a Unix socket. A relative path is resolved when it is used.
    Unix(PathBuf),
    /// `unix-abstract:name`: a Unix socket in Linux's abstract namespace, with no file and no permissions.
    UnixAbstract(String),
    /// `pipe:name`: `\\\\.\\pipe\\name` on Windows.
    Pipe(String),
    /// `http://host:port`: TCP. Port 0 lets the system choose when listening.
    Http(HttpHost),
    /// `inherit:3`: a connected socket that the parent process gave under that number; `inherit:` for the one that
    /// `NEARCALL_INHERIT` names.
    Inherit(Option<u32>),
    /// `memory:name`: within this process.
    Memory(String),
    /// `parity:/path` or `parity:name`: an endpoint of the `parity-tokio-ipc` crate. A name is the file
    /// `<runtime folder>/parity/<name>.sock`.
    Parity(String),
}

impl Address {
    /// Whether something is at the place, served or not: a socket's file, or a pipe. Of other kinds nobody can tell.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Unix(path) => path.exists(),
            #[cfg(windows)]
            Self::Pipe(name) => crate::imp::pipe_exists(name),
            _ => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => {
                let path = path.display().to_string();
                // Two slashes after the colon would read as the beginning of a URL's authority.
                let empty_authority = if path.starts_with("//") { "//" } else { "" };
                write!(f, "unix:{empty_authority}{path}")
            }
            Self::UnixAbstract(name) => write!(f, "unix-abstract:{name}"),
            Self::Pipe(name) => write!(f, "pipe:{name}"),
            Self::Http(host) => write!(f, "http://{host}"),
            Self::Inherit(Some(number)) => write!(f, "inherit:{number}"),
            Self::Inherit(None) => f.write_str("inherit:"),
            Self::Memory(name) => write!(f, "memory:{name}"),
            Self::Parity(endpoint) => write!(f, "parity:{endpoint}"),
        }
    }
}
