//! Memory that the broker passes over a socket, which then is the doorbell.

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use nearcall_frames::handover::claim;
use nearcall_frames::{Heard, Hearing, Reader};
use nearcall_sys::memory::ReadOnly;
use nearcall_sys::packet::{self, Socket};

use super::attached::AttachFault;
use super::opening::Granted;
use crate::tier::Tier;
use crate::watched::Watched;

/// How frames come so.
pub(super) const TIER: Tier = Tier::Broker;

/// What leads to the server.
#[derive(Debug)]
pub(super) struct Link {
    bell: Socket,
    watched: Watched,
    /// The runtime does not watch any more.
    broken: bool,
}

/// Presents the ticket and takes the memory.
pub(super) async fn hand_over(granted: Granted) -> Result<(Reader<ReadOnly>, Link), AttachFault> {
    let Granted {
        grant,
        ticket,
        broker,
        ..
    } = granted;
    let ticket = <[u8; 16]>::try_from(ticket)
        .map_err(|found| io::Error::other(format!("a ticket of {} bytes", found.len())))?;
    let path = PathBuf::from(broker);
    // Claiming waits for the server's answer, within a bound; threads of tokio's own do not wait.
    let claimed = tokio::task::spawn_blocking(move || {
        let socket = packet::connect(&path)?;
        let bell = Socket::from(socket.as_fd().try_clone_to_owned()?);
        let reader = claim(socket, ticket, &grant)?;
        Ok::<_, AttachFault>((reader, bell))
    });
    let (reader, bell) = claimed.await??;
    let watched = Watched::of(&bell)?;
    let link = Link {
        bell,
        watched,
        broken: false,
    };
    Ok((reader, link))
}

impl Link {
    /// Waits for news, and says whether it was a ring.
    pub(super) async fn ring(&mut self) -> bool {
        let news = self.watched.news().await;
        self.broken = news.is_err();
        news.is_ok() && self.watched.drop_sent(1)
    }

    /// Whether the server says no more: it is gone, or has evicted this reader. Rings that came are taken.
    pub(super) fn is_hung_up(&self) -> bool {
        self.broken || Hearing::hear(&self.bell, Duration::ZERO) == Heard::Gone
    }

    /// Of one that says no more, whether it is gone: one that evicts a reader still listens.
    pub(super) fn is_server_gone(&self) -> bool {
        self.bell.ring() == packet::Rung::Gone
    }
}
