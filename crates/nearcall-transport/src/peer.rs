//! Who is at the other end of a connection, and who may be.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::imp;

mod attached;

use attached::Attached;

/// Who is at the other end, as the kernel said when the connection was made; `None` is what it does not know.
///
/// Over `inherit:`, the identity is that of the process that made the pair of sockets: for a child the parent, and for
/// the parent itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The user it acted as.
    pub uid: Option<u32>,
    /// The group it acted as.
    pub gid: Option<u32>,
    /// The user it acted as, on Windows: a security identifier, as `S-1-5-21-…`. For the server of a pipe it is the pipe's
    /// owner.
    pub sid: Option<Arc<str>>,
    /// Its process. That may have ended since, and the number may be another's now; and a peer in another container has
    /// no number here.
    pub pid: Option<u32>,
    /// How it is connected.
    pub transport: Transport,
    /// Its address and port, over TCP.
    pub remote: Option<SocketAddr>,
    pub(crate) attached: Attached,
}

/// The kinds of wires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// A Unix socket with a path.
    Unix,
    /// A Unix socket in Linux's abstract namespace.
    UnixAbstract,
    /// A named pipe of Windows.
    Pipe,
    /// TCP.
    Tcp,
    /// A connected socket from the parent process.
    Inherit,
    /// Within this process.
    Memory,
    /// An endpoint of the `parity-tokio-ipc` crate.
    Parity,
}

/// Which peers are admitted. By default those of the same user alone.
///
/// Two wires differ. `memory:` is this process and always admitted. TCP tells nobody's identity, and is admitted all the
/// same: a port is open only where somebody asked for `http:`, and then any user of this machine (with
/// [`insecure`](crate::ListenOptions::insecure), of the network) may call. A peer that any other wire cannot tell is
/// refused unless [`allow_unknown`](Self::allow_unknown).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerPolicy {
    any_user: bool,
    unknown: bool,
    more_users: BTreeSet<u32>,
    more_sids: BTreeSet<Arc<str>>,
}

/// Why a peer is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerRefused {
    /// It is another user.
    #[error(
        "expected a peer of {}, found this: {peer}; allow that user, or run both as the same",
        admitted
    )]
    OtherUser {
        /// Who it is.
        peer: Peer,
        /// Who is admitted, as `uid 1000 or uid 1001`; on Windows by security identifiers.
        admitted: String,
    },
    /// Nobody knows who it is.
    #[error(
        "expected a peer whose user is known, found this: {peer}; allow unknown peers, or use a {} address",
        if cfg!(windows) { "`pipe:`" } else { "`unix:`" }
    )]
    Unknown {
        /// What is known of it.
        peer: Peer,
    },
}

impl Peer {
    /// A peer of whom only the wire is known.
    #[must_use]
    pub const fn unknown(transport: Transport) -> Self {
        Self {
            uid: None,
            gid: None,
            sid: None,
            pid: None,
            transport,
            remote: None,
            attached: Attached::NONE,
        }
    }

    /// This process.
    #[must_use]
    pub fn this_process(transport: Transport) -> Self {
        imp::this_process(transport)
    }
}

impl PeerPolicy {
    /// Admits one more user.
    #[must_use]
    pub fn allow_uid(mut self, uid: u32) -> Self {
        self.more_users.insert(uid);
        self
    }

    /// Admits one more user, on Windows, by a security identifier as `S-1-5-21-…`.
    #[must_use]
    pub fn allow_sid(mut self, sid: &str) -> Self {
        self.more_sids.insert(sid.into());
        self
    }

    /// Admits every user whose identity is known.
    #[must_use]
    pub const fn allow_any_user(mut self) -> Self {
        self.any_user = true;
        self
    }

    /// Admits peers whose identity is not known.
    #[must_use]
    pub const fn allow_unknown(mut self) -> Self {
        self.unknown = true;
        self
    }

    /// Says whether a peer may call.
    ///
    /// # Errors
    ///
    /// It may not.
    pub fn admit(&self, peer: &Peer) -> Result<(), PeerRefused> {
        if matches!(peer.transport, Transport::Memory | Transport::Tcp) {
            return Ok(());
        }
        if peer.uid.is_none() && peer.sid.is_none() {
            return if self.unknown {
                Ok(())
            } else {
                Err(PeerRefused::Unknown { peer: peer.clone() })
            };
        }
        let own = imp::this_process(peer.transport);
        let is_own = own.uid == peer.uid && own.sid == peer.sid;
        let is_more = peer.uid.is_some_and(|uid| self.more_users.contains(&uid))
            || peer
                .sid
                .as_ref()
                .is_some_and(|sid| self.more_sids.contains(sid));
        if self.any_user || is_own || is_more {
            return Ok(());
        }
        Err(PeerRefused::OtherUser {
            peer: peer.clone(),
            admitted: self.admitted(&own),
        })
    }

    /// Who is admitted, in words.
    fn admitted(&self, own: &Peer) -> String {
        let uids = own.uid.iter().chain(&self.more_users);
        let sids = own.sid.iter().chain(&self.more_sids);
        let users: Vec<String> = uids
            .map(|uid| format!("uid {uid}"))
            .chain(sids.map(|sid| format!("SID {sid}")))
            .collect();
        if users.is_empty() {
            "this user".to_owned()
        } else {
            users.join(" or ")
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} peer", self.transport)?;
        if let Some(remote) = self.remote {
            write!(f, " at {remote}")?;
        }
        for (name, number) in [("pid", self.pid), ("uid", self.uid), ("gid", self.gid)] {
            if let Some(number) = number {
                write!(f, " {name}={number}")?;
            }
        }
        if let Some(sid) = &self.sid {
            write!(f, " sid={sid}")?;
        }
        if self.uid.is_none() && self.sid.is_none() && self.remote.is_none() {
            f.write_str(" of unknown identity")?;
        }
        Ok(())
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unix => "unix",
            Self::UnixAbstract => "unix-abstract",
            Self::Pipe => "pipe",
            Self::Tcp => "tcp",
            Self::Inherit => "inherit",
            Self::Memory => "memory",
            Self::Parity => "parity",
        })
    }
}
