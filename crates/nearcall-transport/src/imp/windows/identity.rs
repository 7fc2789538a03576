//! Who is who, as the system says.

use std::os::windows::io::AsHandle;

use nearcall_sys::identity::{own_default_owner, own_sid};
use nearcall_sys::pipe::{self, End, Who};
use tokio::net::windows::named_pipe::{NamedPipeClient, NamedPipeServer};

use super::stream::Stream;
use crate::{Connection, Peer, Transport};

/// A connection to the server of a pipe.
pub(super) fn dialed(client: NamedPipeClient, transport: Transport) -> Connection {
    let peer = server_of(&client, transport);
    super::connection(Stream(End::Client(client)), peer)
}

/// A connection of a client.
pub(super) fn accepted(server: NamedPipeServer, transport: Transport) -> Connection {
    let peer = peer_from(pipe::client_of(&server), transport);
    super::connection(Stream(End::Server(server)), peer)
}

/// Who made a pipe that this process connected to, by the pipe's owner.
pub(super) fn server_of(client: &impl AsHandle, transport: Transport) -> Peer {
    let mut who = pipe::server_of(client);
    // What an elevated user makes without saying whose it is belongs to the administrators, as what this process makes.
    if who.sid.is_some()
        && who.sid == own_default_owner().ok()
        && let Ok(own) = own_sid()
    {
        who.sid = Some(own.to_string());
    }
    peer_from(who, transport)
}

/// This process, as its peers see it.
pub(crate) fn this_process(transport: Transport) -> Peer {
    Peer {
        sid: own_sid().ok(),
        pid: Some(std::process::id()),
        ..Peer::unknown(transport)
    }
}

fn peer_from(who: Who, transport: Transport) -> Peer {
    if who.sid.is_none() {
        tracing::debug!(pid = ?who.pid, "the system does not say who the peer is");
    }
    Peer {
        sid: who.sid.map(Into::into),
        pid: who.pid,
        ..Peer::unknown(transport)
    }
}
