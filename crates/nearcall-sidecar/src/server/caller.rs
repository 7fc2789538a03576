//! Who calls.

use nearcall_rpc::Session;
use nearcall_transport::{Peer, Transport};

pub(super) use crate::imp::User;
use crate::imp::user_of;

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

    /// Whose process it is.
    pub(super) fn user(&self) -> Option<User> {
        self.peer.as_ref().and_then(user_of)
    }

    /// Its process.
    pub(super) fn pid(&self) -> Option<u32> {
        self.peer.as_ref().and_then(|peer| peer.pid)
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
