//! Listening on Unix sockets.

use std::io;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket};

use super::claim::Claim;
use super::name;
use super::socket_file::SocketFile;
use crate::limits::BIND_ATTEMPTS;
use crate::listener::recover;
use crate::{Address, BindError, Connection, ListenOptions, Transport};

/// Fields are dropped in this order: no further connections, the socket's file unlinked, the lock given up.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: UnixListener,
    _file: Option<SocketFile>,
    _claim: Option<Claim>,
    transport: Transport,
}

impl Listener {
    /// Listens at a path, and answers it resolved.
    pub(crate) async fn bind_unix(
        path: &Path,
        options: &ListenOptions,
    ) -> Result<(PathBuf, Self), BindError> {
        let unresolved = |source| BindError::Io {
            address: Address::Unix(path.to_owned()),
            source,
        };
        let path = std::path::absolute(path).map_err(unresolved)?;
        name::checked_path(&path)?;
        let address = Address::Unix(path.clone());
        let failed = |source| BindError::Io {
            address: address.clone(),
            source,
        };
        let claim = Claim::take(&path, &address, &options.owner).await?;
        let mut attempts = 1..BIND_ATTEMPTS;
        let (socket, file) = loop {
            let socket = UnixSocket::new_stream().map_err(failed)?;
            close_to_others(&socket).map_err(failed)?;
            match socket.bind(&path) {
                Ok(()) => break (socket, SocketFile::adopt(&path).map_err(failed)?),
                // Another server, which holds no lock, came in between; it is left alone if it lives.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    if attempts.next().is_none() {
                        return Err(BindError::InUse {
                            address,
                            name: None,
                            pid: None,
                        });
                    }
                    claim.clear(&path, &address).await?;
                }
                Err(source) => {
                    return Err(BindError::Folder {
                        path: path.clone(),
                        source,
                    });
                }
            }
        };
        let listener = socket.listen(options.backlog).map_err(failed)?;
        Ok((
            path,
            Self {
                listener,
                _file: Some(file),
                _claim: Some(claim),
                transport: Transport::Unix,
            },
        ))
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) async fn bind_abstract(
        address: &Address,
        name: &str,
        options: &ListenOptions,
    ) -> Result<Self, BindError> {
        let path = name::checked_abstract(name)?;
        let failed = |source| BindError::Io {
            address: address.clone(),
            source,
        };
        let socket = UnixSocket::new_stream().map_err(failed)?;
        if let Err(error) = socket.bind(&path) {
            if error.kind() != io::ErrorKind::AddrInUse {
                return Err(failed(error));
            }
            let holder = tokio::net::UnixStream::connect(&path).await.ok();
            let pid = holder
                .and_then(|stream| super::identity::peer_of(&stream, Transport::UnixAbstract).pid);
            return Err(BindError::InUse {
                address: address.clone(),
                name: None,
                pid,
            });
        }
        let listener = socket.listen(options.backlog).map_err(failed)?;
        Ok(Self {
            listener,
            _file: None,
            _claim: None,
            transport: Transport::UnixAbstract,
        })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) async fn bind_abstract(
        address: &Address,
        _name: &str,
        _options: &ListenOptions,
    ) -> Result<Self, BindError> {
        Err(BindError::Unsupported {
            address: address.clone(),
            why: name::ABSTRACT_IS_LINUX,
        })
    }

    pub(crate) async fn bind_pipe(
        address: &Address,
        _name: &str,
        _options: &ListenOptions,
    ) -> Result<Self, BindError> {
        Err(BindError::Unsupported {
            address: address.clone(),
            why: name::PIPE_IS_WINDOWS,
        })
    }

    pub(crate) async fn accept(&mut self) -> io::Result<Connection> {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return Ok(super::connection(stream, self.transport)),
                Err(error) => recover(error).await?,
            }
        }
    }
}

/// On Linux a socket's file gets the mode of the socket that is bound, less the umask, so it is closed from the start.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn close_to_others(socket: &UnixSocket) -> io::Result<()> {
    Ok(rustix::fs::fchmod(
        socket,
        rustix::fs::Mode::from_raw_mode(super::socket_file::SOCKET_MODE),
    )?)
}

/// Elsewhere the file is closed after it is bound and before the socket listens.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn close_to_others(_socket: &UnixSocket) -> io::Result<()> {
    Ok(())
}
