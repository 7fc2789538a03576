//! Sockets for calls that block.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketAddrUnix, SocketType, connect,
    recv, sendmsg,
};

use super::name;
use crate::{Address, ConnectError, HttpHost, Peer, Transport};

/// A connected socket in blocking mode. Each operation says by itself whether it waits.
#[derive(Debug)]
pub(crate) struct Socket(OwnedFd);

pub(crate) fn connect_blocking(
    address: &Address,
    limit: Duration,
) -> Result<(Socket, Peer), ConnectError> {
    match address {
        Address::Unix(path) => {
            name::checked_path(path)?;
            let place = SocketAddrUnix::new(path.as_path());
            unix(address, place, limit, Transport::Unix)
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Address::UnixAbstract(text) => {
            name::checked_abstract(text)?;
            let place = SocketAddrUnix::new_abstract_name(text.as_bytes());
            unix(address, place, limit, Transport::UnixAbstract)
        }
        Address::Http(host) => tcp(address, host, limit),
        _ => Err(ConnectError::Unsupported {
            address: address.clone(),
            why: "calls that block go to `unix:`, `unix-abstract:` and `http:` addresses; use an async channel for others",
        }),
    }
}

fn unix(
    address: &Address,
    place: rustix::io::Result<SocketAddrUnix>,
    limit: Duration,
    transport: Transport,
) -> Result<(Socket, Peer), ConnectError> {
    let failed = |source: rustix::io::Errno| match source {
        // How long connecting may take is told as how long sending may.
        rustix::io::Errno::AGAIN => ConnectError::TimedOut {
            address: address.clone(),
            limit,
        },
        _ => ConnectError::from_io(address, source.into()),
    };
    let place = place.map_err(failed)?;
    let socket = unix_socket().map_err(failed)?;
    set_socket_timeout(&socket, Timeout::Send, Some(limit)).map_err(failed)?;
    connect(&socket, &place).map_err(failed)?;
    let peer = peer_of(&socket, transport);
    Ok((Socket(socket), peer))
}

/// How a write neither waits nor raises SIGPIPE.
#[cfg(not(target_vendor = "apple"))]
const WRITE_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

#[cfg(not(target_vendor = "apple"))]
fn unix_socket() -> rustix::io::Result<OwnedFd> {
    let flags = rustix::net::SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

/// There the socket itself is told not to raise SIGPIPE; std tells those for TCP.
#[cfg(target_vendor = "apple")]
const WRITE_FLAGS: SendFlags = SendFlags::DONTWAIT;

#[cfg(target_vendor = "apple")]
fn unix_socket() -> rustix::io::Result<OwnedFd> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn peer_of(socket: &OwnedFd, transport: Transport) -> Peer {
    match nearcall_sys::credentials::of(socket) {
        Ok(found) => Peer {
            uid: Some(found.uid),
            gid: Some(found.gid),
            // Zero stands for a process that this pid namespace does not see.
            pid: Some(found.pid).filter(|&pid| pid != 0),
            ..Peer::unknown(transport)
        },
        Err(error) => {
            tracing::debug!(%error, "the kernel does not say who the peer is");
            Peer::unknown(transport)
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn peer_of(_socket: &OwnedFd, transport: Transport) -> Peer {
    Peer::unknown(transport)
}

fn tcp(
    address: &Address,
    host: &HttpHost,
    limit: Duration,
) -> Result<(Socket, Peer), ConnectError> {
    let unknown = |source| ConnectError::UnknownHost {
        address: address.clone(),
        source,
    };
    let places = (host.host(), host.port()).to_socket_addrs();
    let until = Instant::now() + limit;
    let mut last = io::ErrorKind::NotFound.into();
    for place in places.map_err(unknown)? {
        let left = until.saturating_duration_since(Instant::now());
        match reach(place, left) {
            Ok(connected) => return Ok(connected),
            Err(error) => last = error,
        }
    }
    Err(match last.kind() {
        io::ErrorKind::TimedOut => ConnectError::TimedOut {
            address: address.clone(),
            limit,
        },
        _ => ConnectError::from_io(address, last),
    })
}

fn reach(place: SocketAddr, limit: Duration) -> io::Result<(Socket, Peer)> {
    let limit = limit.max(Duration::from_micros(1));
    let stream = std::net::TcpStream::connect_timeout(&place, limit)?;
    // Without it a small call waits for the peer's delayed acknowledgement.
    stream.set_nodelay(true)?;
    let peer = Peer {
        remote: Some(place),
        ..Peer::unknown(Transport::Tcp)
    };
    Ok((Socket(stream.into()), peer))
}

impl Socket {
    pub(crate) fn read(&self, buffer: &mut [u8], at_once: bool) -> io::Result<usize> {
        let flags = if at_once {
            RecvFlags::DONTWAIT
        } else {
            RecvFlags::empty()
        };
        let (read, _) = recv(&self.0, buffer, flags)?;
        Ok(read)
    }

    pub(crate) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(match slices {
            [one] => rustix::net::send(&self.0, one, WRITE_FLAGS)?,
            many => {
                let nothing = &mut SendAncillaryBuffer::default();
                sendmsg(&self.0, many, nothing, WRITE_FLAGS)?
            }
        })
    }

    pub(crate) fn wait(&self, limit: Option<Duration>) -> io::Result<()> {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut sockets = [PollFd::new(&self.0, PollFlags::IN | PollFlags::OUT)];
        match poll(&mut sockets, limit.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn set_read_limit(&self, limit: Option<Duration>) -> io::Result<()> {
        Ok(set_socket_timeout(&self.0, Timeout::Recv, limit)?)
    }
}
