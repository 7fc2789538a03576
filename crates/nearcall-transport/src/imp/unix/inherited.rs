//! A connected socket from the parent process.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;

use rustix::net::{AddressFamily, SocketType, getpeername, sockopt};
use tokio::net::{TcpStream, UnixStream};

use crate::connection::Wire;
use crate::inherit::InheritError;
use crate::{Connection, Peer, Transport, tcp};

pub(crate) fn take_inherited(number: Option<u32>) -> Result<Connection, InheritError> {
    let descriptor = nearcall_sys::inherit::take(number)?;
    match sockopt::socket_type(&descriptor) {
        Ok(SocketType::STREAM) => {}
        Ok(other) => {
            return Err(InheritError::NotAStream {
                found: format!("a socket of type {}", other.as_raw()),
            });
        }
        Err(error) => {
            return Err(InheritError::NotAStream {
                found: format!("none ({error})"),
            });
        }
    }
    let unconnected = |source| InheritError::NotConnected { source };
    let peer = getpeername(&descriptor).map_err(|error| unconnected(error.into()))?;
    // One without a name is one end of a pair, on systems that answer no address for it.
    let family = peer.map_or(AddressFamily::UNIX, |address| address.address_family());
    rustix::io::ioctl_fionbio(&descriptor, true).map_err(|error| InheritError::Io(error.into()))?;
    match family {
        AddressFamily::UNIX => unix(descriptor),
        AddressFamily::INET | AddressFamily::INET6 => inet(descriptor),
        other => Err(InheritError::NotAStream {
            found: format!("a socket of family {}", other.as_raw()),
        }),
    }
}

fn unix(descriptor: OwnedFd) -> Result<Connection, InheritError> {
    let stream = UnixStream::from_std(StdUnixStream::from(descriptor)).map_err(InheritError::Io)?;
    Ok(super::connection(stream, Transport::Inherit))
}

fn inet(descriptor: OwnedFd) -> Result<Connection, InheritError> {
    let stream =
        TcpStream::from_std(std::net::TcpStream::from(descriptor)).map_err(InheritError::Io)?;
    let remote = stream.peer_addr().map_err(InheritError::Io)?;
    tcp::send_at_once(&stream);
    Ok(Connection::new(
        Wire::Tcp(stream),
        Peer {
            remote: Some(remote),
            ..Peer::unknown(Transport::Inherit)
        },
    ))
}
