//! The doorbell of a reader that its memory is handed over to at a socket.

use std::sync::{Arc, OnceLock};

use nearcall_frames::{Doorbell, Rung};
use nearcall_sys::packet::Socket;

/// The doorbell of a reader that has a ticket and comes with its socket later.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct FarBell(Arc<OnceLock<Socket>>);

impl FarBell {
    /// The reader is there, and is told of its memory over the socket that comes back. A ticket is used once, so this is
    /// too: a second socket would be hung up on, as who sent it deserves.
    pub(in crate::server) fn connect(&self, socket: Socket) -> &Socket {
        self.0.get_or_init(|| socket)
    }
}

impl Doorbell for FarBell {
    fn ring(&self) -> Rung {
        // Who is not there has no page to wish in, so this is rung for those who are.
        self.0.get().map_or(Rung::Yes, Doorbell::ring)
    }

    /// Who did not come yet is not gone: its ticket ends by itself, and takes the subscription along.
    fn is_gone(&self) -> bool {
        self.0.get().is_some_and(Doorbell::is_gone)
    }

    fn end(&self) {
        if let Some(socket) = self.0.get() {
            socket.end();
        }
    }
}
