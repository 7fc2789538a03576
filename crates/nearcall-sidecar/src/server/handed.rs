//! Memory whose handles are put into the process of a reader, or that it opens by names; it says so once it has it.
//!
//! The process is the one that the pipe's other end is in, by the word of the system; no message says which.

use std::io;
use std::sync::{Arc, Weak};

use nearcall_frames::Request;
use nearcall_frames::handles::{Bell, Names, Numbers};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::event::Watch;
use nearcall_sys::handover::Process;
use nearcall_sys::name::is_in_this_session;

use super::Shared;
use super::bell::FarBell;
use super::caller::{Caller, User};
use super::channel::{Channel, Far, Subscribed, WhoReads};
use super::tickets::{Granted, Holder, Secret};
use crate::imp::{Passed, borrowed};
use crate::limits::TICKET_LIFE;
use crate::status::Refused;

/// What a reader is told.
#[derive(Debug)]
pub(super) enum Told {
    /// Numbers that handles have in its process.
    Numbers(wire::Handles),
    /// Names to open.
    Names(wire::Names),
}

impl Told {
    /// Puts it into an answer.
    pub(super) fn write(self, answer: &mut wire::OpenResponse) {
        match self {
            Self::Numbers(handles) => answer.handles = Some(handles),
            Self::Names(names) => answer.names = Some(names),
        }
    }
}

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

/// The same process, to wait for the end of, where the system allows no more. A process that runs elevated does not say
/// to others whose it is; that the connection is this user's, the pipe has said.
fn waited_for(caller: &Caller) -> Option<Process> {
    let (pid, session) = (caller.pid()?, caller.session.as_ref()?);
    let process = Process::open_to_wait(pid)
        .inspect_err(|error| tracing::debug!(pid, %error, "a reader's end would not be seen"))
        .ok()?;
    // A connection that goes on is of a process that does, whose number is no other's.
    (finds_names(caller) && !session.is_over()).then_some(process)
}

/// Whether what has a name here is found by a caller.
pub(super) fn finds_names(caller: &Caller) -> bool {
    caller.is_this_user() && caller.pid().is_some_and(is_in_this_session)
}

/// Subscribes a caller and puts the memory into its process, or lets it have names. None where neither can be.
pub(super) fn hand(
    channel: &Arc<Channel>,
    caller: &Caller,
    request: Request,
    who: WhoReads,
) -> Result<Option<(Far, Told)>, Refused> {
    if let Some(process) = process_of(caller) {
        return put(channel, process, request, who);
    }
    match waited_for(caller) {
        Some(process) => name(channel, process, request, who),
        None => Ok(None),
    }
}

fn put(
    channel: &Arc<Channel>,
    process: Process,
    request: Request,
    who: WhoReads,
) -> Result<Option<(Far, Told)>, Refused> {
    let bell = Bell::new(process).map_err(|error| Refused::Memory(error.to_string()))?;
    let mut far = channel.subscribe_far(bell, request, who)?;
    let Some(page) = far.page.take() else {
        return Ok(None);
    };
    let numbers = far
        .bell
        .hand_over(borrowed(&far.region.passed), page.into());
    let numbers = numbers
        .inspect_err(|error| tracing::debug!(%error, "a reader's process takes no handles"))
        .ok();
    Ok(numbers.map(|numbers| (far, Told::Numbers(numbered(&numbers)))))
}

/// The page stays with the subscription until the reader has it: its name is there as long as a handle is open.
fn name(
    channel: &Arc<Channel>,
    process: Process,
    request: Request,
    who: WhoReads,
) -> Result<Option<(Far, Told)>, Refused> {
    let (bell, events) = match Bell::named(process) {
        Ok(made) => made,
        // Somebody guessed, or the session lets nothing have a name: bytes do.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            tracing::warn!(%error, "frames go inline, not by names");
            return Ok(None);
        }
        Err(error) => return Err(Refused::Memory(error.to_string())),
    };
    let who = WhoReads { named: true, ..who };
    let far = channel.subscribe_far(bell, request, who)?;
    let page = far.page.as_ref().and_then(Passed::name);
    let both = far.region.passed.name().zip(page);
    let names = both.map(|(region, page)| events.with(region, page));
    Ok(names.map(|names| (far, Told::Names(named(names)))))
}

fn numbered(numbers: &Numbers) -> wire::Handles {
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

fn named(names: Names) -> wire::Names {
    let Names {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    } = names;
    wire::Names {
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
    let Ok(Granted::Memory(far)) = granted else {
        return;
    };
    let subscribed = held(far);
    while said && !subscribed.is_over() {
        watch.news().await;
    }
}

/// What stays of it once the reader has it: nobody opens the page any more.
fn held(far: Far) -> Subscribed {
    far.subscribed
}
