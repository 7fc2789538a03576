//! Pipes and sockets for calls that block.

use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nearcall_sys::pipe::{self, BlockingPipe};

use super::identity;
use crate::limits::CONNECT_RETRY_MAX;
use crate::{Address, ConnectError, HttpHost, Peer, Transport};

/// What is connected, and how long a read may wait.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    patience: Mutex<Option<Duration>>,
}

#[derive(Debug)]
enum Stream {
    Pipe(BlockingPipe),
    /// In non-blocking mode.
    Tcp(TcpStream),
}

pub(crate) fn connect_blocking(
    address: &Address,
    limit: Duration,
) -> Result<(Socket, Peer), ConnectError> {
    let (stream, peer) = match address {
        Address::Pipe(name) => dial(address, name, limit)?,
        Address::Http(host) => tcp(address, host, limit)?,
        _ => {
            return Err(ConnectError::Unsupported {
                address: address.clone(),
                why: "calls that block go to `pipe:` and `http:` addresses; use an async channel for others",
            });
        }
    };
    let socket = Socket {
        stream,
        patience: Mutex::new(None),
    };
    Ok((socket, peer))
}

fn dial(address: &Address, name: &str, limit: Duration) -> Result<(Stream, Peer), ConnectError> {
    let until = Instant::now() + limit;
    loop {
        match BlockingPipe::open(name) {
            Ok(pipe) => {
                let peer = identity::server_of(&pipe, Transport::Pipe);
                return Ok((Stream::Pipe(pipe), peer));
            }
            Err(error) if pipe::is_busy(&error) => {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(ConnectError::TimedOut {
                        address: address.clone(),
                        limit,
                    });
                }
                // A pipe that has gone is found to be so by opening it.
                let _ = pipe::wait_for_instance(name, left.min(CONNECT_RETRY_MAX));
            }
            Err(source) => return Err(ConnectError::from_io(address, source)),
        }
    }
}

fn tcp(
    address: &Address,
    host: &HttpHost,
    limit: Duration,
) -> Result<(Stream, Peer), ConnectError> {
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

fn reach(place: SocketAddr, limit: Duration) -> io::Result<(Stream, Peer)> {
    let limit = limit.max(Duration::from_micros(1));
    let stream = TcpStream::connect_timeout(&place, limit)?;
    // Without it a small call waits for the peer's delayed acknowledgement.
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let peer = Peer {
        remote: Some(place),
        ..Peer::unknown(Transport::Tcp)
    };
    Ok((Stream::Tcp(stream), peer))
}

impl Socket {
    pub(crate) fn read(&self, buffer: &mut [u8], at_once: bool) -> io::Result<usize> {
        let limit = if at_once {
            Some(Duration::ZERO)
        } else {
            *self.patience.lock().unwrap_or_else(PoisonError::into_inner)
        };
        match &self.stream {
            Stream::Pipe(pipe) => match pipe.read(buffer, limit) {
                // A peer that has gone is how a stream ends here.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
                read => read,
            },
            Stream::Tcp(stream) => {
                if !at_once {
                    nearcall_sys::socket::wait(stream, false, limit)?;
                }
                let mut stream = stream;
                stream.read(buffer)
            }
        }
    }

    pub(crate) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match &self.stream {
            Stream::Pipe(pipe) => pipe.write(slices),
            Stream::Tcp(stream) => {
                let mut stream = stream;
                stream.write_vectored(slices)
            }
        }
    }

    pub(crate) fn wait(&self, limit: Option<Duration>) -> io::Result<()> {
        match &self.stream {
            Stream::Pipe(pipe) => pipe.wait(limit),
            Stream::Tcp(stream) => nearcall_sys::socket::wait(stream, true, limit).map(drop),
        }
    }

    pub(crate) fn set_read_limit(&self, limit: Option<Duration>) -> io::Result<()> {
        *self.patience.lock().unwrap_or_else(PoisonError::into_inner) = limit;
        Ok(())
    }
}
