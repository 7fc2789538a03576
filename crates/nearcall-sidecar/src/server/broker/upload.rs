//! Uploads that are claimed at the broker.

use nearcall_frames::handover::hand_over_upload;
use nearcall_sys::packet::{ReceiveError, Socket};

use crate::imp::Passed;
use crate::server::uploads::Held;

/// The memory of an upload, to hand over once.
#[derive(Debug)]
pub(in crate::server) struct Claimable {
    pub(super) epoch: u64,
    pub(super) number: u64,
    pub(super) memory: Passed,
    pub(super) held: Held,
}

/// An upload whose client may fill it. The socket stays open for as long.
#[derive(Debug)]
pub(super) struct Filling {
    socket: Socket,
    held: Held,
}

impl Claimable {
    /// Hands the memory over; none where the client hung up.
    pub(super) fn hand_over(self, socket: Socket) -> Option<Filling> {
        let sent = hand_over_upload(&socket, self.epoch, self.number, self.memory);
        sent.inspect_err(|error| tracing::debug!(%error, "a client hung up before its upload"))
            .ok()?;
        let held = self.held;
        Some(Filling { socket, held })
    }
}

impl Filling {
    /// Whether the client hung up, or the upload was taken or given back.
    pub(super) fn is_over(&self) -> bool {
        // A client that fills memory has nothing to say here; who does is as good as gone.
        let silent = matches!(
            self.socket.receive(&mut [0; 1], 0),
            Err(ReceiveError::Nothing)
        );
        !silent || !self.held.is_open()
    }
}

impl Held {
    fn is_open(&self) -> bool {
        let shared = self.shared.upgrade();
        shared.is_some_and(|shared| {
            let open = shared.uploads.open_ones();
            open.by_secret.contains_key(&self.secret)
        })
    }
}
