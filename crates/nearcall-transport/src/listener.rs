//! Accepting connections at an address, whichever wire it is on.

mod error;
mod fault;

use std::future;

use crate::limits::BACKLOG;
use crate::{Address, Connection, imp, memory, tcp};

pub use error::{AcceptError, BindError};
pub(crate) use fault::{Fault, recover};

/// Listens at an address until it is dropped, which leaves nothing behind.
#[derive(Debug)]
pub struct Listener {
    address: Address,
    source: Source,
}

/// How to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenOptions {
    /// Whether `http:` may listen beyond loopback, where anybody on the network can call without identity or secrecy.
    /// By default not.
    pub insecure: bool,
    /// How many connections wait to be accepted. By default [`BACKLOG`].
    pub backlog: u32,
    /// Who listens, for whoever finds the address taken. By default `nearcall`.
    pub owner: String,
}

#[derive(Debug)]
enum Source {
    Local(imp::Listener),
    Tcp(tcp::Listener),
    Memory(memory::Listener),
    /// The one connection, until it is accepted.
    Inherited(Option<Box<Connection>>),
    #[cfg(feature = "parity-tokio-ipc")]
    Parity(crate::parity::Listener),
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            insecure: false,
            backlog: BACKLOG,
            owner: "nearcall".to_owned(),
        }
    }
}

impl Listener {
    /// Begins to listen. What a server that died has left at the address is cleared; a live one is never disturbed.
    ///
    /// # Errors
    ///
    /// Somebody listens there already, or the address cannot be listened at.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has I/O and time.
    pub async fn bind(address: &Address, options: &ListenOptions) -> Result<Self, BindError> {
        let (address, source) = match address {
            Address::Unix(path) => {
                let (path, listener) = imp::Listener::bind_unix(path, options).await?;
                (Address::Unix(path), Source::Local(listener))
            }
            Address::UnixAbstract(name) => (
                address.clone(),
                Source::Local(imp::Listener::bind_abstract(address, name, options).await?),
            ),
            Address::Pipe(name) => (
                address.clone(),
                Source::Local(imp::Listener::bind_pipe(address, name, options).await?),
            ),
            Address::Http(host) => {
                let (host, listener) = tcp::Listener::bind(address, host, options).await?;
                (Address::Http(host), Source::Tcp(listener))
            }
            Address::Inherit(number) => (
                address.clone(),
                Source::Inherited(Some(Box::new(imp::take_inherited(*number)?))),
            ),
            Address::Memory(name) => (
                address.clone(),
                Source::Memory(memory::Listener::bind(name, options)?),
            ),
            #[cfg(feature = "parity-tokio-ipc")]
            Address::Parity(endpoint) => {
                let (endpoint, listener) =
                    crate::parity::Listener::bind(address, endpoint, options).await?;
                (Address::Parity(endpoint), Source::Parity(listener))
            }
            #[cfg(not(feature = "parity-tokio-ipc"))]
            Address::Parity(_) => {
                return Err(BindError::Unsupported {
                    address: address.clone(),
                    why: crate::PARITY_NOT_BUILT_IN,
                });
            }
        };
        Ok(Self { address, source })
    }

    /// The next connection. Cancel safe: a call that is dropped has lost no connection.
    ///
    /// A connection that breaks while it is accepted is logged and passed over; a process that is out of descriptors
    /// or memory waits [`ACCEPT_BACKOFF`](crate::limits::ACCEPT_BACKOFF) and tries again. An inherited connection
    /// comes once, and then nothing ever.
    ///
    /// # Errors
    ///
    /// The listener itself is broken, and no connection will come any more.
    pub async fn accept(&mut self) -> Result<Connection, AcceptError> {
        let accepted = match &mut self.source {
            Source::Local(listener) => listener.accept().await,
            Source::Tcp(listener) => listener.accept().await,
            Source::Memory(listener) => listener.accept().await,
            Source::Inherited(connection) => match connection.take() {
                Some(connection) => Ok(*connection),
                None => future::pending().await,
            },
            #[cfg(feature = "parity-tokio-ipc")]
            Source::Parity(listener) => listener.accept().await,
        };
        accepted.map_err(|source| AcceptError::Broken {
            address: self.address.clone(),
            source,
        })
    }

    /// Where it listens: an absolute path, the port that the system chose.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }
}
