//! Receiving a message with what it carries.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};

use super::Socket;
use crate::unix::packet::{DESCRIPTORS_MAX, ReceiveError, Received};

impl Socket {
    /// Takes the next message, if one has come, with `most` descriptors at most.
    ///
    /// A server that takes none passes 0: then the kernel drops what a client sends along, and the message is refused.
    ///
    /// # Errors
    ///
    /// There is no message, it does not fit, or it carries too many descriptors.
    pub fn receive(&self, into: &mut [u8], most: usize) -> Result<Received, ReceiveError> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let room = if most == 0 { 0 } else { space.len() };
        let mut control = RecvAncillaryBuffer::new(&mut space[..room]);
        let buffer_length = into.len();
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let mut buffers = [IoSliceMut::new(into)];
        let message = recvmsg(&self.0, &mut buffers, &mut control, flags).map_err(|errno| {
            let source = io::Error::from(errno);
            match source.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => ReceiveError::Nothing,
                io::ErrorKind::ConnectionReset => ReceiveError::Closed,
                _ => ReceiveError::System { source },
            }
        })?;
        let mut descriptors = Vec::new();
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(passed) = part {
                descriptors.extend(passed);
            }
        }
        // The kernel drops the descriptors that have no room and says so; padding may have room for one too many.
        if message.flags.contains(ReturnFlags::CTRUNC) || descriptors.len() > most {
            return Err(ReceiveError::TooManyDescriptors { most });
        }
        if message.flags.contains(ReturnFlags::TRUNC) {
            return Err(ReceiveError::TooLong {
                most: buffer_length,
            });
        }
        // An empty message looks like the end. None of ours is empty, so a peer that sends one ends its connection.
        if message.bytes == 0 {
            return Err(ReceiveError::Closed);
        }
        Ok(Received {
            length: message.bytes,
            descriptors,
        })
    }
}
