//! The sockets of Linux: type `SOCK_SEQPACKET`, with which the kernel keeps messages apart. See `unix(7)`.

mod receive;

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType, accept_with, bind, connect as connect_to, listen, recv, sendmsg,
    socket_with, socketpair,
};

use crate::unix::credentials::{self, Credentials};
use crate::unix::packet::{DESCRIPTORS_MAX, PACKET_BACKLOG, RING, Rung, ready};

/// One end of a connection.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// Who is at the other end, as [`credentials::of`] says it.
    ///
    /// # Errors
    ///
    /// The system cannot say.
    pub fn credentials(&self) -> io::Result<Credentials> {
        credentials::of(&self.0)
    }

    /// Sends one message, with descriptors; without room for it the answer is [`io::ErrorKind::WouldBlock`].
    ///
    /// # Errors
    ///
    /// The message is empty or carries too many descriptors, there is no room for it, or the peer has hung up.
    pub fn send(&self, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        if message.is_empty() || descriptors.len() > DESCRIPTORS_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "expected a message of 1 byte or more with {DESCRIPTORS_MAX} descriptors at most, found {} bytes and {}",
                    message.len(),
                    descriptors.len()
                ),
            ));
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        sendmsg(&self.0, &[IoSlice::new(message)], &mut control, flags)?;
        Ok(())
    }

    /// Rings the peer's doorbell: one byte, never waiting.
    #[must_use]
    pub fn ring(&self) -> Rung {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        match rustix::net::send(&self.0, &[RING], flags) {
            Ok(_) => Rung::Yes,
            Err(Errno::AGAIN | Errno::INTR | Errno::NOBUFS | Errno::NOMEM) => Rung::Full,
            Err(_) => Rung::Gone,
        }
    }

    /// Waits until there is a message or the peer has hung up, for at most `most`; whether there is something to see.
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
        let ready = ready(self.as_fd(), PollFlags::RDHUP, Duration::ZERO)?;
        Ok(ready.intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR))
    }

    /// Says that nothing more will be sent, while still hearing when the peer hangs up.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn shut_down(&self) -> io::Result<()> {
        Ok(rustix::net::shutdown(
            &self.0,
            rustix::net::Shutdown::Write,
        )?)
    }
}

/// Takes and drops messages that came to a socket, `most` of them, and says whether there may be more. Never waits;
/// descriptors that came along are closed.
#[must_use]
pub fn drop_sent(socket: BorrowedFd<'_>, most: u32) -> bool {
    // What does not fit into the one byte goes with it, and so do descriptors that there is no room for.
    let took = |_| recv(socket, &mut [0_u8; 1], RecvFlags::DONTWAIT);
    (0..most)
        .map(took)
        .all(|took| took.is_ok_and(|(_, length)| length > 0))
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<OwnedFd> for Socket {
    /// Takes a descriptor of a connected socket of this type; on another one, sending and receiving fail.
    fn from(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }
}

/// Two ends of one connection.
///
/// # Errors
///
/// This process is out of descriptors.
pub fn pair() -> io::Result<(Socket, Socket)> {
    let (one, other) = socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?;
    Ok((Socket(one), Socket(other)))
}

/// Connects to a listener.
///
/// # Errors
///
/// Nobody listens at `path`, its backlog is full, or this user may not.
pub fn connect(path: &Path) -> io::Result<Socket> {
    let socket = fresh()?;
    connect_to(&socket, &SocketAddrUnix::new(path)?)?;
    // From here on each call says for itself that it does not wait.
    Ok(Socket(socket))
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
        let socket = fresh()?;
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
        Ok(Socket(accept_with(&self.0, SocketFlags::CLOEXEC)?))
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn fresh() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        flags,
        None,
    )?)
}
