//! Uploads: memory that the server makes, one client fills, and the server copies out when the client says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

#[cfg(target_os = "linux")]
use nearcall_frames::handover::hand_over_upload;
use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::Session;
#[cfg(windows)]
use nearcall_sys::handover::Rights;
use nearcall_sys::memory::{Copied, make_upload};
#[cfg(target_os = "linux")]
use nearcall_sys::packet::Socket;

use super::Shared;
use super::caller::Caller;
use super::expiry::Expiry;
#[cfg(target_os = "linux")]
use super::region::path_of;
use super::tickets::{self, Secret};
#[cfg(target_os = "linux")]
use super::tickets::{Granted, Holder};
use crate::limits::{INLINE_BELOW, TICKET_LIFE, UPLOAD_BYTES_MAX, UPLOADED_BYTES_MAX, UPLOADS_MAX};
use crate::passed::Passed;
#[cfg(windows)]
use crate::passed::borrowed;
use crate::status::Refused;
use crate::tier::Tier;

/// An upload that is open.
#[derive(Debug)]
struct Upload {
    memory: Copied,
    session: Session,
    /// What a path in `/proc` leads to; none where it is handed over.
    _descriptor: Option<Passed>,
    /// Ends with the upload.
    _expiry: Expiry,
}

/// All that are open.
#[derive(Debug, Default)]
pub(super) struct Uploads(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    by_secret: HashMap<Secret, Upload>,
    made: u64,
}

/// The memory of an upload, for the broker to hand over once.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Handed {
    epoch: u64,
    number: u64,
    memory: Passed,
    held: Held,
}

/// An upload for as long as somebody may fill it; dropped, there is no more of it.
#[derive(Debug)]
pub(super) struct Held {
    shared: Weak<Shared>,
    secret: Secret,
}

#[cfg(target_os = "linux")]
impl Handed {
    /// Hands the memory over; none where the client hung up.
    pub(super) fn hand_over(self, socket: &Socket) -> Option<Held> {
        let sent = hand_over_upload(socket, self.epoch, self.number, self.memory);
        sent.inspect_err(|error| tracing::debug!(%error, "a client hung up before its upload"))
            .ok()?;
        Some(self.held)
    }
}

impl Held {
    /// Whether the upload was taken, or given back.
    #[cfg(target_os = "linux")]
    pub(super) fn is_over(&self) -> bool {
        let shared = self.shared.upgrade();
        shared.is_none_or(|shared| {
            !shared
                .uploads
                .open_ones()
                .by_secret
                .contains_key(&self.secret)
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.uploads.forget(&self.secret);
        }
    }
}

impl Uploads {
    fn open_ones(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, secret: &Secret) {
        let gone = self.open_ones().by_secret.remove(secret);
        drop(gone);
    }

    /// Makes memory for a client to fill, where that is of use.
    pub(super) fn open(
        shared: &Arc<Shared>,
        caller: &Caller,
        request: &wire::OpenUploadRequest,
    ) -> Result<wire::OpenUploadResponse, Refused> {
        let asked = usize::try_from(request.bytes).unwrap_or(usize::MAX);
        if asked == 0 || asked > UPLOAD_BYTES_MAX {
            let bytes = request.bytes;
            return Err(Refused::UploadSize { bytes });
        }
        let mut told = wire::OpenUploadResponse {
            tier: Tier::Inline.wire().into(),
            epoch: shared.epoch,
            bytes: request.bytes,
            ticket_ms: u32::try_from(TICKET_LIFE.as_millis()).unwrap_or(u32::MAX),
            ..wire::OpenUploadResponse::default()
        };
        let Some(session) = &caller.session else {
            return Ok(told);
        };
        if let Ok(secret) = Secret::try_from(&request.instead_of[..]) {
            drop(shared.uploads.remove(&secret, session));
        }
        if request.bytes < request.inline_below.unwrap_or(INLINE_BELOW) {
            return Ok(told);
        }
        #[cfg(target_os = "linux")]
        let (tier, broker) = shared.way(
            caller,
            // What a client fills is memory: nothing goes up by a file.
            request.tiers().filter(|tier| *tier != wire::Tier::File),
        );
        #[cfg(windows)]
        let tier = Shared::way(caller, request.tiers());
        if tier == Tier::Inline {
            return Ok(told);
        }
        if !shared.uploads.has_room(session, asked) {
            return Err(Refused::Uploads);
        }
        let out = |error: &dyn std::error::Error| Refused::Memory(error.to_string());
        let secret = tickets::secret()?;
        let (memory, passed) =
            make_upload("nearcall-upload", asked).map_err(|error| out(&error))?;
        #[cfg(windows)]
        {
            let process = super::handed::process_of(caller);
            let given =
                process.and_then(|process| process.give(borrowed(&passed), Rights::Same).ok());
            let Some(handle) = given else {
                return Ok(told);
            };
            told.handle = handle;
            told.number = Self::keep(shared, secret, session, memory, None)?;
        }
        told.tier = tier.wire().into();
        told.upload = secret.to_vec();
        #[cfg(target_os = "linux")]
        if tier == Tier::Proc {
            told.path = path_of(&passed);
            told.number = Self::keep(shared, secret, session, memory, Some(passed))?;
        } else {
            told.number = Self::keep(shared, secret, session, memory, None)?;
            let handed = Handed {
                epoch: shared.epoch,
                number: told.number,
                memory: passed,
                held: Held {
                    shared: Arc::downgrade(shared),
                    secret,
                },
            };
            let holder = Holder::of(caller);
            let ticket = tickets::secret()?;
            let granted = Granted::Upload(handed);
            shared.tickets.issue(shared, ticket, holder, granted)?;
            told.ticket = ticket.to_vec();
            told.broker_path = broker.unwrap_or_default();
        }
        Ok(told)
    }

    fn has_room(&self, session: &Session, bytes: usize) -> bool {
        room(&self.open_ones(), session, bytes)
    }

    fn keep(
        shared: &Arc<Shared>,
        secret: Secret,
        session: &Session,
        memory: Copied,
        descriptor: Option<Passed>,
    ) -> Result<u64, Refused> {
        let held = Held {
            shared: Arc::downgrade(shared),
            secret,
        };
        let ended = session.ended();
        let expiry = async move {
            ended.await;
            drop(held);
        };
        let bytes = memory.len();
        // Before the lock, and dropped after it: what waits for the end takes the lock too.
        let upload = Upload {
            memory,
            session: session.clone(),
            _descriptor: descriptor,
            _expiry: Expiry::new(expiry),
        };
        let mut open = shared.uploads.open_ones();
        if !room(&open, session, bytes) {
            return Err(Refused::Uploads);
        }
        open.made += 1;
        open.by_secret.insert(secret, upload);
        Ok(open.made)
    }

    fn remove(&self, secret: &Secret, session: &Session) -> Option<Upload> {
        let mut open = self.open_ones();
        let is_theirs = open
            .by_secret
            .get(secret)
            .is_some_and(|one| one.session.is_same(session));
        is_theirs.then(|| open.by_secret.remove(secret)).flatten()
    }

    /// Copies out what a client has committed, and ends the upload.
    pub(super) fn take(
        shared: &Arc<Shared>,
        caller: &Caller,
        commit: &wire::UploadRef,
    ) -> Result<Vec<u8>, Refused> {
        let session = caller.session.as_ref().ok_or(Refused::Upload)?;
        let secret = Secret::try_from(&commit.upload[..]).map_err(|_| Refused::Upload)?;
        let upload = shared.uploads.remove(&secret, session);
        let upload = upload.ok_or(Refused::Upload)?;
        let most = upload.memory.len();
        let length = usize::try_from(commit.length).unwrap_or(usize::MAX);
        if length == 0 || length > most {
            let found = commit.length;
            return Err(Refused::Committed { most, found });
        }
        let mut bytes = vec![0; length];
        upload.memory.read(0, &mut bytes);
        Ok(bytes)
    }
}

fn room(open: &Open, session: &Session, bytes: usize) -> bool {
    let all = open.by_secret.values();
    let theirs = all.clone().filter(|one| one.session.is_same(session));
    let held: usize = all.map(|one| one.memory.len()).sum();
    theirs.count() < UPLOADS_MAX && held.saturating_add(bytes) <= UPLOADED_BYTES_MAX
}
