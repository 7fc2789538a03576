//! Uploads: memory that the server makes, one client fills, and the server copies out when the client says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::Session;
use nearcall_sys::memory::{Copied, make_upload};

use super::Shared;
use super::caller::Caller;
use super::expiry::Expiry;
use super::tickets::{self, Secret};
use super::way::Way;
use crate::imp::Passed;
use crate::limits::{INLINE_BELOW, TICKET_LIFE, UPLOAD_BYTES_MAX, UPLOADED_BYTES_MAX, UPLOADS_MAX};
use crate::status::Refused;
use crate::tier::Tier;

/// An upload that is open.
#[derive(Debug)]
pub(super) struct Upload {
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
pub(super) struct Open {
    pub(super) by_secret: HashMap<Secret, Upload>,
    made: u64,
}

/// An upload for as long as somebody may fill it; dropped, there is no more of it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) shared: Weak<Shared>,
    pub(super) secret: Secret,
}

impl Held {
    pub(super) fn new(shared: &Arc<Shared>, secret: Secret) -> Self {
        let shared = Arc::downgrade(shared);
        Self { shared, secret }
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
    pub(super) fn open_ones(&self) -> MutexGuard<'_, Open> {
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
        // What a client fills is memory: nothing goes up by a file.
        let tiers = request.tiers().filter(|tier| *tier != wire::Tier::File);
        let way = Way::to(shared, caller, tiers);
        if matches!(way, Way::Inline) {
            return Ok(told);
        }
        if !shared.uploads.has_room(session, asked) {
            return Err(Refused::Uploads);
        }
        let out = |error: &dyn std::error::Error| Refused::Memory(error.to_string());
        let secret = tickets::secret()?;
        let (memory, passed) =
            make_upload("nearcall-upload", asked).map_err(|error| out(&error))?;
        let (tier, inline) = (way.tier(), told.clone());
        told.tier = tier.wire().into();
        told.upload = secret.to_vec();
        match way {
            Way::Handed(to) => {
                told.number = Self::keep(shared, secret, session, memory, None)?;
                if !to.give_upload(shared, caller, secret, passed, &mut told)? {
                    shared.uploads.forget(&secret);
                    return Ok(inline);
                }
            }
            Way::Lent(borrower) => {
                told.path = borrower.path(&passed);
                told.number = Self::keep(shared, secret, session, memory, Some(passed))?;
            }
            Way::File | Way::Inline => return Ok(inline),
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
        let held = Held::new(shared, secret);
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
