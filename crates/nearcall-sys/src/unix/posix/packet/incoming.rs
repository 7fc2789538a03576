//! Receiving a message with what it carries, out of a stream.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, ReturnFlags, recvmsg};

use super::{LENGTH_BYTES, STREAM_MESSAGE_BYTES_MAX, Socket};
use crate::unix::packet::{DESCRIPTORS_MAX, ReceiveError, Received};
use crate::unix::posix::system;

/// Descriptors that come with one call at most: `UIPC_MAX_CMSG_FD` of XNU; Linux passes 253.
///
/// There is always room for all of them. XNU opens what comes along before it looks for room, and what has none stays open
/// for ever (`soreceive_ctl`); for the same reason nothing here receives without looking at what comes along.
const RIGHTS_MAX: usize = 512;

/// What has come of a message.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// Its length, then itself.
    bytes: Vec<u8>,
    /// **Invariant:** at most [`DESCRIPTORS_MAX`].
    descriptors: Vec<OwnedFd>,
    /// It carried more, which are closed.
    too_many: bool,
    /// The peer sent what is no message, and nothing after that is one.
    ended: bool,
}

/// What one call took.
pub(super) struct Taken {
    pub(super) bytes: usize,
    descriptors: Vec<OwnedFd>,
    all: bool,
}

/// Takes what has come, with what came along. Never waits.
pub(super) fn take(socket: BorrowedFd<'_>, into: &mut [u8]) -> Result<Taken, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(RIGHTS_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut buffers = [IoSliceMut::new(into)];
    let mut receive = || recvmsg(socket, &mut buffers, &mut control, system::RECEIVING);
    let (mut message, mut has_room) = (receive(), true);
    if matches!(message, Err(Errno::MSGSIZE)) {
        // This process may have no more descriptors. XNU has closed what came along, and the bytes are there still.
        (message, has_room) = (receive(), false);
    }
    let message = message?;
    let mut descriptors = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = part {
            descriptors.extend(passed);
        }
    }
    for descriptor in &descriptors {
        system::close_on_exec(descriptor.as_fd());
    }
    Ok(Taken {
        bytes: message.bytes,
        descriptors,
        all: has_room && !message.flags.contains(ReturnFlags::CTRUNC),
    })
}

impl Incoming {
    /// The message's length, once that has come.
    fn length(&self) -> Option<usize> {
        let length = self.bytes.first_chunk::<LENGTH_BYTES>()?;
        Some(u16::from_le_bytes(*length).into())
    }

    /// How many bytes may be taken without touching the next message, whose descriptors come with its first byte. No
    /// message is empty, so that a ring takes one call.
    fn missing(&self) -> usize {
        let length = self.length().unwrap_or(1);
        (LENGTH_BYTES + length).saturating_sub(self.bytes.len())
    }

    fn keep(&mut self, taken: Taken) {
        self.descriptors.extend(taken.descriptors);
        if !taken.all || self.descriptors.len() > DESCRIPTORS_MAX {
            self.too_many = true;
            self.descriptors.clear();
        }
    }

    /// What came, with `most` descriptors, into a buffer.
    fn deliver(&mut self, into: &mut [u8], most: usize) -> Result<Received, ReceiveError> {
        let bytes = std::mem::take(&mut self.bytes);
        let descriptors = std::mem::take(&mut self.descriptors);
        if std::mem::take(&mut self.too_many) || descriptors.len() > most {
            return Err(ReceiveError::TooManyDescriptors { most });
        }
        let message = bytes.get(LENGTH_BYTES..).unwrap_or_default();
        let Some(into) = into.get_mut(..message.len()) else {
            let most = into.len();
            return Err(ReceiveError::TooLong { most });
        };
        into.copy_from_slice(message);
        Ok(Received {
            length: message.len(),
            descriptors,
        })
    }
}

impl Socket {
    /// Takes the next message, if one has come, with `most` descriptors at most.
    ///
    /// A server that takes none passes 0: what a client sends along is closed then, and the message is refused.
    ///
    /// # Errors
    ///
    /// There is no message, it does not fit, or it carries too many descriptors.
    pub fn receive(&self, into: &mut [u8], most: usize) -> Result<Received, ReceiveError> {
        let mut incoming = self.incoming();
        while !incoming.ended && incoming.missing() > 0 {
            let (at, missing) = (incoming.bytes.len(), incoming.missing());
            incoming.bytes.resize(at + missing, 0);
            let taken = take(self.as_fd(), &mut incoming.bytes[at..]);
            let came = taken.as_ref().map_or(0, |taken| taken.bytes);
            incoming.bytes.truncate(at + came);
            let taken = taken.map_err(|errno| {
                let source = io::Error::from(errno);
                match source.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => ReceiveError::Nothing,
                    io::ErrorKind::ConnectionReset => ReceiveError::Closed,
                    _ => ReceiveError::System { source },
                }
            })?;
            incoming.keep(taken);
            let lies = |length| !(1..=STREAM_MESSAGE_BYTES_MAX).contains(&length);
            if came == 0 {
                return Err(ReceiveError::Closed);
            }
            if incoming.length().is_some_and(lies) {
                self.end();
                *incoming = Incoming {
                    ended: true,
                    ..Incoming::default()
                };
            }
        }
        if incoming.ended {
            return Err(ReceiveError::Closed);
        }
        incoming.deliver(into, most)
    }
}
