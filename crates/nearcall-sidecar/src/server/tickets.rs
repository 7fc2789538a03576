//! Tickets: what Open gives, to be used once, soon, by the same user, while the connection that asked lasts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use nearcall_frames::broker::TICKET_BYTES;
use nearcall_rpc::Session;
use tokio::time::Instant;

use super::Shared;
use super::caller::{Caller, User};
use super::channel::Near;
use super::expiry::Expiry;
use super::feed::Sends;
use super::handing::Handed;
use crate::limits::{TICKET_LIFE, TICKETS_MAX};
use crate::status::Refused;

/// The bytes of a ticket.
pub(super) type Secret = [u8; TICKET_BYTES];

/// A secret that nobody guesses.
pub(super) fn secret() -> Result<Secret, Refused> {
    let mut secret = Secret::default();
    getrandom::fill(&mut secret)
        .map_err(|error| Refused::Memory(format!("the system gives no randomness: {error}")))?;
    Ok(secret)
}

/// What a ticket is good for.
#[derive(Debug)]
pub(super) enum Granted {
    /// Memory that is handed over.
    Memory(Handed),
    /// A stream.
    Stream(Sends, Near),
}

/// Who may use a ticket.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub(super) user: Option<User>,
    /// None where the server does not tell connections apart.
    pub(super) session: Option<Session>,
}

impl Holder {
    pub(super) fn of(caller: &Caller) -> Self {
        Self {
            user: caller.user(),
            session: caller.session.clone(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let same_connection = match (&self.session, &other.session) {
            (Some(one), Some(other)) => one.is_same(other),
            (None, None) => true,
            _ => false,
        };
        same_connection && self.user == other.user
    }
}

/// Why a ticket is good for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TicketFault {
    /// Never given, used, too old, or its connection is gone.
    Unknown,
    /// It was given to another user. It is used up by this.
    OtherUser,
}

#[derive(Debug)]
struct Ticket {
    holder: Holder,
    until: Instant,
    granted: Granted,
    /// Ends with the ticket: those that are used must not leave tasks behind that wait for their time.
    _expiry: Expiry,
}

/// The tickets that were given and not used yet.
#[derive(Debug, Default)]
pub(super) struct Tickets(Mutex<HashMap<Secret, Ticket>>);

impl Tickets {
    fn waiting(&self) -> MutexGuard<'_, HashMap<Secret, Ticket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more may be given.
    pub(super) fn has_room(&self) -> bool {
        self.waiting().len() < TICKETS_MAX
    }

    pub(super) fn issue(
        &self,
        shared: &Arc<Shared>,
        secret: Secret,
        holder: Holder,
        granted: Granted,
    ) -> Result<(), Refused> {
        let mut waiting = self.waiting();
        if waiting.len() >= TICKETS_MAX {
            return Err(Refused::Tickets);
        }
        let expiry = expire(Arc::downgrade(shared), secret, holder.session.clone());
        let ticket = Ticket {
            holder,
            until: Instant::now() + TICKET_LIFE,
            granted,
            _expiry: Expiry::new(expiry),
        };
        waiting.insert(secret, ticket);
        Ok(())
    }

    /// Takes a ticket back that its holder has no use for.
    pub(super) fn give_back(&self, secret: &[u8], holder: &Holder) {
        let Ok(secret) = Secret::try_from(secret) else {
            return;
        };
        let mut waiting = self.waiting();
        let is_theirs = waiting
            .get(&secret)
            .is_some_and(|ticket| ticket.holder.is_same(holder));
        let returned = is_theirs.then(|| waiting.remove(&secret));
        drop(waiting);
        drop(returned);
    }

    /// What a ticket is good for; it is used up, whoever presented it.
    pub(super) fn take(&self, secret: &[u8], user: Option<&User>) -> Result<Granted, TicketFault> {
        let secret = Secret::try_from(secret).map_err(|_| TicketFault::Unknown)?;
        let ticket = self.waiting().remove(&secret);
        let ticket = ticket.ok_or(TicketFault::Unknown)?;
        let ended = ticket.holder.session.as_ref().is_some_and(Session::is_over);
        if ended || ticket.until < Instant::now() {
            return Err(TicketFault::Unknown);
        }
        if ticket.holder.user.as_ref() != user {
            return Err(TicketFault::OtherUser);
        }
        Ok(ticket.granted)
    }
}

/// Takes a ticket away when its time is up or its connection has ended, and what it was good for with it.
async fn expire(shared: Weak<Shared>, secret: Secret, session: Option<Session>) {
    let ended = async {
        match session {
            Some(session) => session.ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = tokio::time::sleep(TICKET_LIFE) => {}
        () = ended => {}
    }
    if let Some(shared) = shared.upgrade() {
        let ticket = shared.tickets.waiting().remove(&secret);
        drop(ticket);
    }
}
