//! Listening at named pipes.

use std::io;
use std::path::{Path, PathBuf};

use nearcall_sys::claim::Claim;
use nearcall_sys::descriptor::OwnerOnly;
use nearcall_sys::pipe;
use tokio::net::windows::named_pipe::NamedPipeServer;

use super::UNIX_IS_ELSEWHERE;
use crate::limits::{HOLDER_POLL, HOLDER_WAIT};
use crate::listener::recover;
use crate::{Address, BindError, Connection, ListenOptions, Transport};

/// What lies before the name of a pipe in the name of the mutex that says who has it.
const MUTEX_PREFIX: &str = "nearcall.pipe.";

/// Fields are dropped in this order: no further connections, then the name is given up.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The instance that the next client connects to: as long as the listener lives there is one, or the name could be
    /// taken by another.
    spare: NamedPipeServer,
    descriptor: OwnerOnly,
    name: String,
    _claim: Claim,
}

impl Listener {
    /// Listens at a pipe. That nobody else does is made certain twice: a mutex of its name keeps out other nearcall
    /// servers, and the system whoever made the pipe before.
    pub(crate) async fn bind_pipe(
        address: &Address,
        name: &str,
        _options: &ListenOptions,
    ) -> Result<Self, BindError> {
        let failed = |source| BindError::Io {
            address: address.clone(),
            source,
        };
        let claim = claim(name).await.map_err(failed)?;
        let Some(claim) = claim else {
            return Err(in_use(address, name));
        };
        let descriptor = OwnerOnly::new().map_err(failed)?;
        match pipe::instance(name, true, &descriptor, None) {
            Ok(spare) => Ok(Self {
                spare,
                descriptor,
                name: name.to_owned(),
                _claim: claim,
            }),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(in_use(address, name))
            }
            Err(error) => Err(failed(error)),
        }
    }

    pub(crate) async fn bind_unix(
        path: &Path,
        _options: &ListenOptions,
    ) -> Result<(PathBuf, Self), BindError> {
        Err(BindError::Unsupported {
            address: Address::Unix(path.to_owned()),
            why: UNIX_IS_ELSEWHERE,
        })
    }

    pub(crate) async fn bind_abstract(
        address: &Address,
        _name: &str,
        _options: &ListenOptions,
    ) -> Result<Self, BindError> {
        Err(BindError::Unsupported {
            address: address.clone(),
            why: UNIX_IS_ELSEWHERE,
        })
    }

    pub(crate) async fn accept(&mut self) -> io::Result<Connection> {
        loop {
            let connected = self.spare.connect().await;
            // The next instance is there before this one is handed out. Where it cannot be made, the client waits.
            let next = match pipe::instance(&self.name, false, &self.descriptor, None) {
                Ok(next) => next,
                Err(error) => {
                    recover(error).await?;
                    continue;
                }
            };
            let taken = std::mem::replace(&mut self.spare, next);
            match connected {
                Ok(()) => return Ok(super::identity::accepted(taken, Transport::Pipe)),
                Err(error) => recover(error).await?,
            }
        }
    }
}

/// Whoever asked for the name at the same moment, and lost, has the mutex open for that moment.
async fn claim(name: &str) -> io::Result<Option<Claim>> {
    let deadline = tokio::time::Instant::now() + HOLDER_WAIT;
    loop {
        match Claim::take(&format!("{MUTEX_PREFIX}{name}")) {
            Ok(None) if holder(name).is_none() && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(HOLDER_POLL).await;
            }
            // Another user has it, and does not let this one see it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
            outcome => return outcome,
        }
    }
}

fn in_use(address: &Address, name: &str) -> BindError {
    BindError::InUse {
        address: address.clone(),
        name: None,
        pid: holder(name),
    }
}

/// The process that has a pipe, asked by connecting to it, where one of its instances is free.
fn holder(name: &str) -> Option<u32> {
    let client = pipe::open(name).ok()?;
    super::identity::server_of(&client, Transport::Pipe).pid
}
