//! Sockets that tokio watches and does not read.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nearcall_sys::packet;
use tokio::net::unix::pipe::Receiver;

/// A second descriptor of a socket, watched for something to take or its end.
///
/// Tokio has no type for sockets that keep messages apart. What it calls the reading end of a pipe only waits here: what
/// is there is taken through the first descriptor. It is not watched for room to write, as a stream would be: the kernel
/// says that there is some whenever the peer takes a message, and this process would wake for every reader of every frame.
#[derive(Debug)]
pub(crate) struct Watched(Receiver);

impl Watched {
    pub(crate) fn of(socket: &impl AsFd) -> io::Result<Self> {
        let second = UnixStream::from(socket.as_fd().try_clone_to_owned()?);
        second.set_nonblocking(true)?;
        Receiver::from_owned_fd_unchecked(second.into()).map(Self)
    }

    /// Waits until there may be something new. What is there has to be taken, all of it, before waiting again.
    pub(crate) async fn news(&self) -> io::Result<()> {
        self.0.readable().await?;
        // Forgotten before anything is taken: what comes in between counts as new.
        let forget = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = self.0.try_io(forget);
        Ok(())
    }

    /// Takes and drops what the peer sent, `most` messages of it; whether there may be more. Descriptors that came along
    /// are closed.
    pub(crate) fn drop_sent(&self, most: u32) -> bool {
        packet::drop_sent(self.0.as_fd(), most)
    }
}
