//! Frames that clients hold by polling, until they let go or their connection ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nearcall_frames::Lease;
use nearcall_rpc::Session;
use nearcall_sys::memory::ReadOnly;

use super::Shared;
use super::channel::Near;
use super::expiry::Expiry;
use super::region::Region;
use super::tickets::{Secret, secret};
use crate::limits::LEASES_MAX;
use crate::status::Refused;

/// A frame that is held; the lease goes before the subscription that it is by.
#[derive(Debug)]
struct Held {
    _lease: Lease<Arc<ReadOnly>>,
    near: Near,
    session: Session,
    /// Ends with the lease: a client that polls for hours must leave no tasks behind.
    _expiry: Expiry,
}

/// The frames that are held.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<HashMap<Secret, Held>>);

impl Leases {
    fn held(&self) -> MutexGuard<'_, HashMap<Secret, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a frame for a connection, and answers what lets go of it.
    pub(super) fn keep(
        shared: &Arc<Shared>,
        session: &Session,
        near: Near,
        lease: Lease<Arc<ReadOnly>>,
    ) -> Result<Secret, Refused> {
        let secret = secret()?;
        let ended = session.ended();
        let weak = Arc::downgrade(shared);
        let expiry = async move {
            ended.await;
            if let Some(shared) = weak.upgrade() {
                let gone = shared.leases.held().remove(&secret);
                drop(gone);
            }
        };
        let held = Held {
            _lease: lease,
            near,
            session: session.clone(),
            _expiry: Expiry::new(expiry),
        };
        let mut all = shared.leases.held();
        let same = all.values().filter(|one| one.session.is_same(session));
        if same.count() >= LEASES_MAX {
            return Err(Refused::Leases);
        }
        all.insert(secret, held);
        Ok(secret)
    }

    /// The memory that a frame is in, if it is held by this connection.
    pub(super) fn region(&self, secret: &[u8], session: &Session) -> Option<Arc<Region>> {
        let secret = Secret::try_from(secret).ok()?;
        let held = self.held();
        let one = held.get(&secret)?;
        let is_theirs = one.session.is_same(session);
        is_theirs.then(|| Arc::clone(&one.near.region))
    }

    /// Lets go of a frame, if it is held by this connection.
    pub(super) fn let_go(&self, secret: &[u8], session: &Session) {
        let Ok(secret) = Secret::try_from(secret) else {
            return;
        };
        let mut held = self.held();
        let is_theirs = held
            .get(&secret)
            .is_some_and(|one| one.session.is_same(session));
        let gone = is_theirs.then(|| held.remove(&secret));
        drop(held);
        drop(gone);
    }
}
