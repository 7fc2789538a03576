//! TCP: loopback unless asked otherwise, and no waiting for more bytes to send together.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::address::HttpHost;
use crate::connection::Wire;
use crate::listener::recover;
use crate::{Address, BindError, ConnectError, Connection, ListenOptions, Peer, Transport, imp};

#[derive(Debug)]
pub(crate) struct Listener(TcpListener);

impl Listener {
    /// Listens at the first address of the host that can be listened at; those of IPv4 come first.
    pub(crate) async fn bind(
        address: &Address,
        host: &HttpHost,
        options: &ListenOptions,
    ) -> Result<(HttpHost, Self), BindError> {
        let failed = |source| BindError::Io {
            address: address.clone(),
            source,
        };
        let unknown = |source| BindError::UnknownHost {
            address: address.clone(),
            source,
        };
        let mut places = places(host).await.map_err(unknown)?;
        if !options.insecure
            && let Some(&found) = places.iter().find(|place| !place.ip().is_loopback())
        {
            return Err(BindError::NotLoopback {
                address: address.clone(),
                found,
            });
        }
        places.sort_by_key(SocketAddr::is_ipv6);
        let mut refused = io::ErrorKind::AddrNotAvailable.into();
        for place in places {
            match listen(place, options.backlog) {
                Ok(listener) => {
                    let chosen = listener.local_addr().map_err(failed)?;
                    return Ok((HttpHost::from(chosen), Self(listener)));
                }
                // One address that is taken must not send clients of the other to somebody else.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    return Err(BindError::InUse {
                        address: address.clone(),
                        name: None,
                        pid: None,
                    });
                }
                Err(error) => refused = error,
            }
        }
        Err(failed(refused))
    }

    pub(crate) async fn accept(&mut self) -> io::Result<Connection> {
        loop {
            match self.0.accept().await {
                Ok((stream, remote)) => return Ok(connection(stream, Some(remote))),
                Err(error) => recover(error).await?,
            }
        }
    }
}

pub(crate) async fn connect(
    address: &Address,
    host: &HttpHost,
) -> Result<Connection, ConnectError> {
    let unknown = |source| ConnectError::UnknownHost {
        address: address.clone(),
        source,
    };
    let places = places(host).await.map_err(unknown)?;
    let stream = TcpStream::connect(places.as_slice()).await;
    let stream = stream.map_err(|source| ConnectError::from_io(address, source))?;
    let remote = stream.peer_addr().ok();
    Ok(connection(stream, remote))
}

/// Without `TCP_NODELAY` a small call waits for the peer's delayed acknowledgement, 40 ms on Linux.
pub(crate) fn send_at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        // The peer has gone already, and reading will say so.
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
}

fn connection(stream: TcpStream, remote: Option<SocketAddr>) -> Connection {
    send_at_once(&stream);
    Connection::new(
        Wire::Tcp(stream),
        Peer {
            remote,
            ..Peer::unknown(Transport::Tcp)
        },
    )
}

async fn places(host: &HttpHost) -> io::Result<Vec<SocketAddr>> {
    let places: Vec<SocketAddr> = tokio::net::lookup_host((host.host(), host.port()))
        .await?
        .collect();
    if places.is_empty() {
        Err(io::ErrorKind::NotFound.into())
    } else {
        Ok(places)
    }
}

fn listen(place: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if place.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(imp::REUSE_ADDRESS)?;
    socket.bind(place)?;
    socket.listen(backlog)
}
