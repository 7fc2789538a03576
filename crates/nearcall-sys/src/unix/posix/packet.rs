//! Sockets of type `SOCK_STREAM`, with the length of each message in front of it: a system that is not Linux has no sockets
//! that keep messages apart and pass descriptors.
//!
//! A length is two bytes, little-endian. A message goes out with one call or not at all: it is so short that the kernel takes
//! all of it where it takes any. So a connection whose messages are cut up has been cut up by its peer; what is there of a
//! message is kept until the rest has come, and a length that no message has ends the connection.

mod incoming;

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, Shutdown, SocketAddrUnix, bind,
    connect as connect_to, listen, recv, sendmsg, shutdown,
};

use super::system;
use crate::unix::credentials::{self, Credentials};
use crate::unix::packet::{DESCRIPTORS_MAX, PACKET_BACKLOG, RING, Rung, ready};
use incoming::Incoming;

/// Limit: bytes of one message over a stream. A kernel takes as many at once or none: macOS lets a sender begin when there
/// is room for 2,048 (`SO_SNDLOWAT`), Linux keeps what one call sends together.
const STREAM_MESSAGE_BYTES_MAX: usize = 1_024;

/// Bytes of a length.
const LENGTH_BYTES: usize = 2;

/// One end of a connection.
#[derive(Debug)]
pub struct Socket {
    descriptor: OwnedFd,
    incoming: Mutex<Incoming>,
}

impl Socket {
    /// Who is at the other end, as [`credentials::of`] says it.
    ///
    /// # Errors
    ///
    /// The system cannot say.
    pub fn credentials(&self) -> io::Result<Credentials> {
        credentials::of(&self.descriptor)
    }

    /// Sends one message, with descriptors; without room for it the answer is [`io::ErrorKind::WouldBlock`].
    ///
    /// # Errors
    ///
    /// The message is empty or too long or carries too many descriptors, there is no room for it, or the peer has hung up.
    pub fn send(&self, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let fits = (1..=STREAM_MESSAGE_BYTES_MAX).contains(&message.len());
        if !fits || descriptors.len() > DESCRIPTORS_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "expected a message of 1 to {STREAM_MESSAGE_BYTES_MAX} bytes with {DESCRIPTORS_MAX} descriptors at most, found {} bytes and {}",
                    message.len(),
                    descriptors.len()
                ),
            ));
        }
        match self.put(message, descriptors) {
            // A full buffer has no room for descriptors at all, and XNU says so in other words.
            Err(Errno::MSGSIZE) => Err(Errno::AGAIN.into()),
            put => Ok(put?),
        }
    }

    /// Rings the peer's doorbell: one byte, never waiting.
    #[must_use]
    pub fn ring(&self) -> Rung {
        match self.put(&[RING], &[]) {
            Ok(()) => Rung::Yes,
            Err(Errno::AGAIN | Errno::INTR | Errno::NOBUFS | Errno::NOMEM) => Rung::Full,
            Err(_) => Rung::Gone,
        }
    }

    /// Waits until something has come or the peer has hung up, for at most `most`; whether there is something to see. Part of
    /// a message counts: the rest is on its way.
    ///
    /// # Errors
    ///
    /// The system cannot wait.
    pub fn wait(&self, most: Duration) -> io::Result<bool> {
        Ok(!ready(self.as_fd(), PollFlags::IN, most)?.is_empty())
    }

    /// Whether the peer has closed its end, or died. Messages that it sent before may still be there.
    ///
    /// # Errors
    ///
    /// The system cannot say.
    pub fn is_hung_up(&self) -> io::Result<bool> {
        let found = ready(self.as_fd(), PollFlags::IN, Duration::ZERO)?;
        if found.intersects(PollFlags::HUP | PollFlags::ERR) {
            return Ok(true);
        }
        // One that has closed only its half shows once all that it sent is taken.
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let ended = || matches!(recv(&self.descriptor, &mut [0_u8; 1], flags), Ok((_, 0)));
        Ok(found.contains(PollFlags::IN) && ended())
    }

    /// Says that nothing more will be sent, while still hearing when the peer hangs up.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn shut_down(&self) -> io::Result<()> {
        Ok(shutdown(&self.descriptor, Shutdown::Write)?)
    }

    /// Sends a message in one call.
    fn put(&self, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
        let length = u16::try_from(message.len()).map_err(|_| Errno::INVAL)?;
        let length = length.to_le_bytes();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        let parts = [IoSlice::new(&length), IoSlice::new(message)];
        let sent = sendmsg(&self.descriptor, &parts, &mut control, system::SENDING)?;
        if sent < LENGTH_BYTES + message.len() {
            // No kernel does this with so short a message. Should one, the peer would misread all that comes after.
            self.end();
            return Err(Errno::PIPE);
        }
        Ok(())
    }

    /// Ends the connection, for both sides.
    fn end(&self) {
        // It fails where it has ended already.
        let _ = shutdown(&self.descriptor, Shutdown::Both);
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes and drops what came to a socket, as much as `most` messages may be, and says whether there may be more. Never
/// waits; descriptors that came along are closed.
///
/// What is dropped may end within a message: nothing is received from the socket afterwards.
#[must_use]
pub fn drop_sent(socket: BorrowedFd<'_>, most: u32) -> bool {
    let took = |_| {
        let mut bytes = [0; LENGTH_BYTES + STREAM_MESSAGE_BYTES_MAX];
        incoming::take(socket, &mut bytes)
    };
    (0..most)
        .map(took)
        .all(|took| took.is_ok_and(|taken| taken.bytes > 0))
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl From<OwnedFd> for Socket {
    /// Takes a descriptor of a connected socket of this type; on another one, sending and receiving fail.
    ///
    /// What has come of a message is with the one who received it: only one of several on the same connection receives.
    fn from(descriptor: OwnedFd) -> Self {
        // XNU heeds MSG_DONTWAIT when it receives and not when it sends. The flag is this end's: the peer has its own.
        let _ = ioctl_fionbio(&descriptor, true);
        system::prepare(descriptor.as_fd());
        Self {
            descriptor,
            incoming: Mutex::default(),
        }
    }
}

/// Two ends of one connection.
///
/// # Errors
///
/// This process is out of descriptors.
pub fn pair() -> io::Result<(Socket, Socket)> {
    let (one, other) = system::pair()?;
    Ok((one.into(), other.into()))
}

/// Connects to a listener.
///
/// # Errors
///
/// Nobody listens at `path`, its backlog is full, or this user may not.
pub fn connect(path: &Path) -> io::Result<Socket> {
    let socket = Socket::from(system::socket()?);
    connect_to(&socket.descriptor, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// A socket that connections come to.
#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// Binds a socket at `path` and listens. Who may connect is the folder's matter, and the file is the caller's to
    /// remove.
    ///
    /// # Errors
    ///
    /// There is something at `path`, or this user may not.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let socket = system::socket()?;
        ioctl_fionbio(&socket, true)?;
        bind(&socket, &SocketAddrUnix::new(path)?)?;
        listen(&socket, PACKET_BACKLOG)?;
        Ok(Self(socket))
    }

    /// Takes the next connection, if one waits.
    ///
    /// # Errors
    ///
    /// None waits ([`io::ErrorKind::WouldBlock`]), or this process is out of descriptors.
    pub fn accept(&self) -> io::Result<Socket> {
        Ok(system::accept(self.0.as_fd())?.into())
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
