//! Who calls.

use nearcall_rpc::Session;
use nearcall_transport::{Peer, Transport};

/// Who calls, over which connection, as far as the server tells.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) peer: Option<Peer>,
    pub(super) session: Option<Session>,
}

impl Caller {
    pub(super) fn of<T>(request: &tonic::Request<T>) -> Self {
        let extensions = request.extensions();
        Self {
            peer: extensions.get::<Peer>().cloned(),
            session: extensions.get::<Session>().cloned(),
        }
    }

    /// Whether the kernel said who it is, and its socket has a folder.
    pub(super) fn is_at_a_socket(&self) -> bool {
        let peer = self.peer.as_ref();
        peer.is_some_and(|peer| peer.transport == Transport::Unix && peer.uid.is_some())
    }

    /// Whether it is a process of this one's user, on this machine.
    pub(super) fn is_this_user(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| {
            let own = Peer::this_process(peer.transport).uid;
            peer.transport != Transport::Tcp && peer.uid.is_some() && peer.uid == own
        })
    }
}
