//! Sockets that tokio watches and does not read.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdStream;

use nearcall_sys::packet;
use tokio::io::Interest;
use tokio::net::UnixStream;

/// A second descriptor of a socket, watched for something to take or its end.
///
/// Tokio has no type for sockets that keep messages apart. What it calls a stream only waits here: what is there is
/// taken through the first descriptor.
#[derive(Debug)]
pub(crate) struct Watched(UnixStream);

impl Watched {
    pub(crate) fn of(socket: &impl AsFd) -> io::Result<Self> {
        let second = StdStream::from(socket.as_fd().try_clone_to_owned()?);
        second.set_nonblocking(true)?;
        UnixStream::from_std(second).map(Self)
    }

    /// Waits until there may be something new. What is there has to be taken, all of it, before waiting again.
    pub(crate) async fn news(&self) -> io::Result<()> {
        self.0.readable().await?;
        // Forgotten before anything is taken: what comes in between counts as new.
        let forget = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = self.0.try_io(Interest::READABLE, forget);
        Ok(())
    }

    /// Takes and drops what the peer sent, `most` messages of it; whether there may be more. Descriptors that came along
    /// are closed.
    pub(crate) fn drop_sent(&self, most: u32) -> bool {
        packet::drop_sent(self.0.as_fd(), most)
    }
}
