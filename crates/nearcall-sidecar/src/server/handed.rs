//! Memory that is put into the process of a reader, which says so once it has it.
//!
//! The process is the one that the pipe's other end is in, by the word of the system; no message says which.

use std::sync::{Arc, Weak};

use nearcall_frames::Request;
use nearcall_frames::handles::{Bell, Numbers};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::event::Watch;
use nearcall_sys::handover::Process;

use super::Shared;
use super::bell::FarBell;
use super::caller::{Caller, User};
use super::channel::{Channel, Far, WhoReads};
use super::tickets::{Granted, Holder, Secret};
use crate::imp::borrowed;
use crate::limits::TICKET_LIFE;
use crate::status::Refused;

/// The process that a connection comes from, to put handles into. None where it is gone, or the system does not let this
/// one: frames go another way then.
pub(super) fn process_of(caller: &Caller) -> Option<Process> {
    let (pid, session) = (caller.pid()?, caller.session.as_ref()?);
    let process = Process::open(pid)
        .inspect_err(|error| tracing::debug!(pid, %error, "no handles for a reader's process"))
        .ok()?;
    // The number may be another's once the process is gone, and then its connection is gone too, or about to be found so;
    // what stays is that nothing is ever put into another user's process.
    let sid = process.sid().ok()?;
    let is_theirs = !session.is_over() && Some(&*sid) == caller.user().as_deref();
    is_theirs.then_some(process)
}

/// Subscribes a caller and puts the memory into its process. None where that cannot be.
pub(super) fn hand(
    channel: &Arc<Channel>,
    caller: &Caller,
    request: Request,
    who: WhoReads,
) -> Result<Option<(Far, wire::Handles)>, Refused> {
    let Some(process) = process_of(caller) else {
        return Ok(None);
    };
    let bell = Bell::new(process).map_err(|error| Refused::Memory(error.to_string()))?;
    let mut far = channel.subscribe_far(bell, request, who)?;
    let Some(page) = far.page.take() else {
        return Ok(None);
    };
    let numbers = far.bell.hand_over(borrowed(&far.region.passed), page);
    let numbers = numbers
        .inspect_err(|error| tracing::debug!(%error, "a reader's process takes no handles"))
        .ok();
    Ok(numbers.map(|numbers| (far, told(&numbers))))
}

fn told(numbers: &Numbers) -> wire::Handles {
    let Numbers {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    } = *numbers;
    wire::Handles {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    }
}

/// Uses the ticket up once the reader says that it has the memory, and holds the subscription until the reader leaves or
/// ends. A reader that says nothing is forgotten with its ticket.
pub(super) fn watch(shared: &Arc<Shared>, ticket: Secret, holder: &Holder, granted: &Granted) {
    let Granted::Memory(far) = granted else {
        return;
    };
    let bell = far.bell.clone();
    match bell.watch() {
        Ok(watch) => {
            let (shared, user) = (Arc::downgrade(shared), holder.user.clone());
            tokio::spawn(hold(shared, ticket, user, bell, watch));
        }
        // The ticket ends by itself, and the reader hears that the server left.
        Err(error) => tracing::warn!(%error, "a reader that cannot be watched is let go of"),
    }
}

async fn hold(
    shared: Weak<Shared>,
    ticket: Secret,
    user: Option<User>,
    bell: FarBell,
    watch: Watch,
) {
    let taken = async {
        while !bell.is_taken() && !nearcall_frames::Doorbell::is_gone(&bell) {
            watch.news().await;
        }
    };
    let said = tokio::time::timeout(TICKET_LIFE, taken).await.is_ok();
    let Some(shared) = shared.upgrade() else {
        return;
    };
    // Used up all the same: nobody else has a use for it.
    let granted = shared.tickets.take(&ticket, user.as_ref());
    drop(shared);
    let Ok(Granted::Memory(Far { subscribed, .. })) = granted else {
        return;
    };
    while said && !subscribed.is_over() {
        watch.news().await;
    }
}
