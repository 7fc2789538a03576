//! Memory that the broker passes over a socket, which then is the doorbell.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use nearcall_frames::handover::{claim, fetch_upload};
use nearcall_frames::{Heard, Hearing, Reader};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::memory::{ReadOnly, Writable};
use nearcall_sys::packet::{self, Socket};
use tonic::Status;

use super::attached::AttachFault;
use super::opening::Granted;
use super::upload::Fault;
use crate::imp::Watched;
use crate::tier::Tier;

/// How frames come so.
pub(super) const TIER: Tier = Tier::Broker;

/// What an answer has the memory by: the broker's path.
pub(super) type Taken = String;

pub(super) fn taken(answer: &wire::OpenResponse) -> Taken {
    answer.broker_path.clone()
}

/// What an upload lasts as long as.
pub(super) type Lasting = Socket;

/// Asks a server. What its answer tells of waits at the broker, whatever becomes of the answer.
pub(super) async fn ask<T, E>(
    asking: impl Future<Output = Result<T, E>>,
    _refused: impl FnOnce(Status) -> E,
) -> Result<T, E> {
    asking.await
}

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
        taken: broker,
        ..
    } = granted;
    let ticket = ticket_of(ticket)?;
    // Claiming waits for the server's answer, within a bound; threads of tokio's own do not wait.
    let claimed = tokio::task::spawn_blocking(move || {
        let socket = packet::connect(Path::new(&broker))?;
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

/// Presents the ticket of an upload and takes its memory.
pub(super) async fn fetch(
    told: wire::OpenUploadResponse,
    bytes: usize,
) -> Result<(Writable, Lasting), Fault> {
    let ticket = ticket_of(told.ticket)?;
    let (path, identity) = (told.broker_path, (told.epoch, told.number));
    // Claiming waits here too.
    let claimed = tokio::task::spawn_blocking(move || {
        let socket = packet::connect(Path::new(&path))?;
        let memory = fetch_upload(&socket, ticket, identity, bytes)?;
        Ok::<_, Fault>((memory, socket))
    });
    claimed.await?
}

fn ticket_of(ticket: Vec<u8>) -> io::Result<[u8; 16]> {
    ticket
        .try_into()
        .map_err(|found: Vec<u8>| io::Error::other(format!("a ticket of {} bytes", found.len())))
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
