//! Who calls.

use nearcall_rpc::Session;
use nearcall_transport::{Peer, Transport};

/// Who calls, over which connection, as far as the server tells.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) peer: Option<Peer>,
    pub(super) session: Option<Session>,
}

/// A user, as the system tells them apart: by a number, or on Windows by a security identifier.
#[cfg(target_os = "linux")]
pub(super) type User = u32;
#[cfg(windows)]
pub(super) type User = std::sync::Arc<str>;

impl Caller {
    pub(super) fn of<T>(request: &tonic::Request<T>) -> Self {
        let extensions = request.extensions();
        Self {
            peer: extensions.get::<Peer>().cloned(),
            session: extensions.get::<Session>().cloned(),
        }
    }

    /// Whose process it is.
    pub(super) fn user(&self) -> Option<User> {
        self.peer.as_ref().and_then(user_of)
    }

    /// Its process.
    pub(super) fn pid(&self) -> Option<u32> {
        self.peer.as_ref().and_then(|peer| peer.pid)
    }

    /// Whether the kernel said who it is, and its socket has a folder.
    #[cfg(target_os = "linux")]
    pub(super) fn is_at_a_socket(&self) -> bool {
        let peer = self.peer.as_ref();
        peer.is_some_and(|peer| peer.transport == Transport::Unix && peer.uid.is_some())
    }

    /// Whether it is a process of this one's user, on this machine.
    pub(super) fn is_this_user(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| {
            let own = user_of(&Peer::this_process(peer.transport));
            let user = user_of(peer);
            peer.transport != Transport::Tcp && user.is_some() && user == own
        })
    }
}

#[cfg(target_os = "linux")]
fn user_of(peer: &Peer) -> Option<User> {
    peer.uid
}

#[cfg(windows)]
fn user_of(peer: &Peer) -> Option<User> {
    peer.sid.clone()
}
