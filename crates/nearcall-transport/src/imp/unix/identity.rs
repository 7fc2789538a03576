//! Who is who, as the kernel says.

use tokio::net::UnixStream;

use crate::{Peer, Transport};

/// The identity that the kernel kept when the connection was made: `SO_PEERCRED` on Linux, `getpeereid(3)` and
/// `LOCAL_PEERPID` elsewhere. What cannot be asked is unknown, and so refused by default.
pub(super) fn peer_of(stream: &UnixStream, transport: Transport) -> Peer {
    match stream.peer_cred() {
        Ok(identity) => Peer {
            uid: Some(identity.uid()),
            gid: Some(identity.gid()),
            // Zero stands for a process that this pid namespace does not see.
            pid: identity
                .pid()
                .and_then(|pid| u32::try_from(pid).ok())
                .filter(|&pid| pid != 0),
            ..Peer::unknown(transport)
        },
        Err(error) => {
            tracing::debug!(%error, "the kernel does not say who the peer is");
            Peer::unknown(transport)
        }
    }
}

/// This process, as its peers see it.
pub(crate) fn this_process(transport: Transport) -> Peer {
    Peer {
        uid: Some(rustix::process::geteuid().as_raw()),
        gid: Some(rustix::process::getegid().as_raw()),
        pid: Some(std::process::id()),
        ..Peer::unknown(transport)
    }
}
