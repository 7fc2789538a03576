//! The socket beside the server's own at which tickets become memory.
//!
//! Who connects has [`CLAIM_TIMEOUT`] to present a ticket, and is asked for nothing else: the kernel says whose user it
//! is. From then on the socket is the reader's doorbell, and its end tells the reader's.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use nearcall_frames::broker::Refusal;
use nearcall_frames::handover::{TakeError, hand_over, refuse, take_claim};
use nearcall_frames::limits::CLAIM_TIMEOUT;
use nearcall_rpc::Session;
use nearcall_sys::packet::{Listener, ReceiveError, Socket};
use nearcall_transport::Address;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Handed;
use super::upload::Filling;
use crate::imp::{Watched, borrowed};
use crate::limits::{ACCEPT_PAUSE, CLAIMS_MAX, HANG_UP_PAUSE, UNASKED_TAKEN_MAX};
use crate::server::Shared;
use crate::server::channel::{Far, Subscribed};
use crate::server::tickets::{Granted, Secret, TicketFault};

/// What the broker's socket is called, after the server's own.
const ENDING: &str = ".frames";

/// The sockets that tickets are presented at, one beside each of the server's own.
#[derive(Debug, Default)]
pub(in crate::server) struct Brokers(Mutex<HashSet<PathBuf>>);

impl Brokers {
    fn open(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The broker beside the socket that a connection came to, made when it is first asked for. None where there is no
    /// folder to make one in: frames go another way then.
    pub(in crate::server) fn beside(
        &self,
        session: &Session,
        shared: &Arc<Shared>,
    ) -> Option<PathBuf> {
        let Address::Unix(server) = session.address() else {
            return None;
        };
        let mut path = server.clone().into_os_string();
        path.push(ENDING);
        let path = PathBuf::from(path);
        let mut open = self.open();
        if open.contains(&path) {
            return Some(path);
        }
        let stop = CancellationToken::new();
        let listener = session.beside_server(|| {
            let listener = bind(&path, server);
            let leave = leave(path.clone(), stop.clone(), Arc::downgrade(shared));
            (listener, Box::new(leave))
        })?;
        match listener {
            Ok((listener, watched)) => {
                tokio::spawn(accept(listener, watched, stop, Arc::downgrade(shared)));
                open.insert(path.clone());
                Some(path)
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "no socket to pass memory over; frames go another way");
                None
            }
        }
    }
}

/// Who holds the server's own socket holds what stands beside it: what is there was left by one that was killed.
fn bind(path: &Path, server: &Path) -> io::Result<(Listener, Watched)> {
    if let Ok(found) = fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        fs::remove_file(path)?;
    }
    let listener = Listener::bind(path)?;
    // Whom the server's own socket lets in, this one does too. A ticket is asked of all.
    fs::set_permissions(path, fs::metadata(server)?.permissions())?;
    let watched = Watched::of(&listener)?;
    Ok((listener, watched))
}

/// Takes the broker away, before the server's own socket goes.
fn leave(path: PathBuf, stop: CancellationToken, shared: Weak<Shared>) -> impl FnOnce() + Send {
    move || {
        stop.cancel();
        if let Some(shared) = shared.upgrade() {
            shared.handing.open().remove(&path);
        }
        // Where it could not be made there is nothing to remove, or something that is not ours.
        let is_socket =
            fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket());
        if is_socket && let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "the broker's socket stays behind");
        }
    }
}

async fn accept(
    listener: Listener,
    watched: Watched,
    stop: CancellationToken,
    shared: Weak<Shared>,
) {
    let places = Arc::new(Semaphore::new(CLAIMS_MAX));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            news = watched.news() => if news.is_err() {
                return;
            },
        }
        loop {
            match listener.accept() {
                Ok(socket) => {
                    let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                        tracing::warn!(
                            max = CLAIMS_MAX,
                            "hung up on a reader: too many present no ticket"
                        );
                        continue;
                    };
                    let shared = shared.clone();
                    tokio::spawn(async move {
                        let claimed =
                            tokio::time::timeout(CLAIM_TIMEOUT, claim(socket, shared)).await;
                        drop(place);
                        if let Ok(Some((client, claimed))) = claimed {
                            watch(client, claimed).await;
                        }
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    tracing::warn!(%error, "cannot take in a reader; trying again");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Waits for a ticket and hands its memory over. Who presents none is hung up on.
async fn claim(socket: Socket, shared: Weak<Shared>) -> Option<(Watched, Claimed)> {
    let watched = Watched::of(&socket).ok()?;
    let secret = loop {
        match take_claim(&socket) {
            Ok(secret) => break secret,
            Err(TakeError::Receive(ReceiveError::Nothing)) => watched.news().await.ok()?,
            Err(error) => {
                tracing::debug!(%error, "hung up on a reader that presented no ticket");
                return None;
            }
        }
    };
    let shared = shared.upgrade()?;
    match granted(&socket, secret, &shared) {
        Ok(Handed::Upload(upload)) => {
            let filling = upload.hand_over(socket)?;
            Some((watched, Claimed::Upload(filling)))
        }
        Ok(Handed::Frames(far)) => {
            begin(socket, far).map(|subscribed| (watched, Claimed::Subscribed(subscribed)))
        }
        Err(refusal) => {
            tracing::debug!(?refusal, "refused a ticket");
            // It may have hung up meanwhile, and then there is nobody to tell.
            let _ = refuse(&socket, refusal);
            None
        }
    }
}

fn granted(socket: &Socket, secret: Secret, shared: &Shared) -> Result<Handed, Refusal> {
    let uid = socket.credentials().ok().map(|credentials| credentials.uid);
    match shared.tickets.take(&secret, uid.as_ref()) {
        Ok(Granted::Memory(Handed::Frames(far))) if far.subscribed.is_over() => Err(Refusal::Ended),
        Ok(Granted::Memory(handed)) => Ok(handed),
        // Used up all the same.
        Ok(Granted::Stream(..)) | Err(TicketFault::Unknown) => Err(Refusal::Ticket),
        Err(TicketFault::OtherUser) => Err(Refusal::Peer),
    }
}

/// Hands the memory over, and has the socket be the doorbell.
fn begin(socket: Socket, far: Far) -> Option<Subscribed> {
    let Far {
        page,
        bell,
        grant,
        region,
        subscribed,
    } = far;
    let page = page?;
    // In this order: who has its page may go to sleep by it at once, and is woken once for each wish. A ring that nobody
    // was connected to hear would be the only one.
    let socket = bell.connect(socket);
    let handed = hand_over(socket, &grant, borrowed(&region.passed), page);
    if let Err(error) = handed {
        tracing::debug!(%error, "a reader hung up as its memory was handed over");
        return None;
    }
    Some(subscribed)
}

/// What lasts as long as the socket it was claimed at.
#[derive(Debug)]
enum Claimed {
    Subscribed(Subscribed),
    Upload(Filling),
}

impl Claimed {
    /// Whether the client hung up, by the kernel's word, or there is no more use for it.
    fn is_over(&self) -> bool {
        match self {
            Self::Subscribed(subscribed) => subscribed.is_over(),
            Self::Upload(filling) => filling.is_over(),
        }
    }
}

/// Holds the subscription until the client hangs up, which the kernel tells.
async fn watch(client: Watched, claimed: Claimed) {
    let mut more = false;
    while (more || client.news().await.is_ok()) && !claimed.is_over() {
        // A reader that sends what nobody asked for gets no more of this process's time than this, and none of the
        // channel's, whose writer would wait.
        tokio::time::sleep(HANG_UP_PAUSE).await;
        more = matches!(claimed, Claimed::Subscribed(_)) && client.drop_sent(UNASKED_TAKEN_MAX);
    }
}
