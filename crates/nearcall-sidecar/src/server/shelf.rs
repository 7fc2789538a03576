//! Bulk data in shared memory, for one client each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::Session;
use nearcall_sys::memory::make_region;
use wire::bulk::Content;

use super::Shared;
use super::caller::Caller;
use super::expiry::Expiry;
use super::lending::Borrower;
use super::tickets::{self, Secret};
use crate::bulk_layout::{BYTES_AT, line};
use crate::imp::Passed;
use crate::limits::{BULK_BYTES_MAX, BULKS_MAX, INLINE_BELOW};

/// Memory that is shared and was not let go of.
#[derive(Debug)]
struct Lent {
    /// What the path in `/proc` leads to.
    _descriptor: Passed,
    bytes: usize,
    session: Session,
    /// Ends with the memory.
    _expiry: Expiry,
}

/// All that is lent.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<HashMap<Secret, Lent>>);

/// Puts bytes into shared memory for a caller, as [`Bulks::share`](super::Bulks::share) says.
pub(super) fn share(shared: &Arc<Shared>, caller: &Caller, bytes: &[u8]) -> Option<wire::Bulk> {
    let session = caller.session.as_ref()?;
    if (bytes.len() as u64) < INLINE_BELOW {
        return None;
    }
    let borrower = Borrower::of(shared, caller)?;
    let shelf = &shared.bulk;
    if !shelf.has_room(session, bytes.len()) {
        return None;
    }
    let secret = tickets::secret().ok()?;
    let region_bytes = BYTES_AT.checked_add(bytes.len())?;
    let (mut memory, descriptor) = make_region("nearcall-bulk", region_bytes)
        .inspect_err(|error| tracing::warn!(%error, "bulk data goes inline"))
        .ok()?;
    memory.write(0, &line(&secret));
    memory.set_apart(BYTES_AT);
    memory.lend(BYTES_AT..region_bytes)?.copy_from_slice(bytes);
    let path = borrower.path(&descriptor);
    shelf.keep(shared, secret, session, descriptor, bytes.len())?;
    let geometry = wire::Geometry {
        slots: 1,
        payload_bytes: bytes.len() as u64,
        history: 0,
        region_bytes: region_bytes as u64,
    };
    let region = wire::Region {
        epoch: shared.epoch,
        channel: 0,
        region: 0,
        geometry: Some(geometry),
        path,
    };
    let frame = wire::FrameRef {
        region: Some(region),
        seq: 0,
        offset: BYTES_AT as u64,
        length: bytes.len() as u64,
        lease: secret.to_vec(),
    };
    Some(wire::Bulk {
        content: Some(Content::Frame(frame)),
    })
}

impl Shelf {
    fn lent(&self) -> MutexGuard<'_, HashMap<Secret, Lent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self, session: &Session, bytes: usize) -> bool {
        room(&self.lent(), session, bytes)
    }

    /// Keeps memory for a connection, if there is room by now.
    fn keep(
        &self,
        shared: &Arc<Shared>,
        secret: Secret,
        session: &Session,
        descriptor: Passed,
        bytes: usize,
    ) -> Option<()> {
        let ended = session.ended();
        let weak = Arc::downgrade(shared);
        let expiry = async move {
            ended.await;
            if let Some(shared) = weak.upgrade() {
                let gone = shared.bulk.lent().remove(&secret);
                drop(gone);
            }
        };
        let lent = Lent {
            _descriptor: descriptor,
            bytes,
            session: session.clone(),
            _expiry: Expiry::new(expiry),
        };
        let mut all = self.lent();
        let fits = room(&all, session, bytes);
        fits.then(|| {
            all.insert(secret, lent);
        })
    }

    /// Lets go of memory, if it is lent to this connection.
    pub(super) fn let_go(&self, secret: &[u8], session: &Session) {
        let Ok(secret) = Secret::try_from(secret) else {
            return;
        };
        let mut all = self.lent();
        let is_theirs = all
            .get(&secret)
            .is_some_and(|one| one.session.is_same(session));
        let gone = is_theirs.then(|| all.remove(&secret));
        drop(all);
        drop(gone);
    }
}

fn room(lent: &HashMap<Secret, Lent>, session: &Session, bytes: usize) -> bool {
    let theirs = lent.values().filter(|one| one.session.is_same(session));
    let all: usize = lent.values().map(|one| one.bytes).sum();
    theirs.count() < BULKS_MAX && all.saturating_add(bytes) <= BULK_BYTES_MAX
}
