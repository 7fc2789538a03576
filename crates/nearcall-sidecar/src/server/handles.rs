//! Memory that is handed over on Windows: handles that are put into the caller's process.

use std::sync::Arc;

use nearcall_frames::Grant;
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::handover::Rights;

pub(super) use nearcall_frames::handles::Bell as FarBell;

use super::Shared;
use super::caller::Caller;
use super::grant::Asked;
use super::handed::{self, finds_names, process_of};
use super::region::Region;
use super::tickets::{Granted, Holder, Secret};
use crate::imp::{Passed, borrowed};
use crate::status::Refused;
use crate::tier::Tier;

/// As a client is told of it.
pub(super) const TIER: Tier = Tier::Handle;

/// What a ticket is good for: memory that is in the reader's process already.
pub(super) type Handed = super::channel::Far;

/// What hands memory over for a server: nothing beside its pipe.
#[derive(Debug, Default)]
pub(super) struct Handing(());

/// A caller that memory can be handed over to.
#[derive(Debug)]
pub(super) struct To(());

impl Handing {
    /// None where the caller is another user's process, or over a network.
    pub(super) fn to(&self, shared: &Shared, caller: &Caller) -> Option<To> {
        (shared.is_open_to(caller) && caller.pid().is_some()).then_some(To(()))
    }
}

impl To {
    /// Subscribes the caller and puts the memory into its process. None where that cannot be.
    pub(super) fn subscribe(
        self,
        asked: &Asked<'_>,
        told: &mut wire::OpenResponse,
    ) -> Result<Option<(Granted, Grant, Arc<Region>)>, Refused> {
        let (caller, request, who) = (asked.caller, asked.request, asked.who(TIER));
        let Some((far, handed)) = handed::hand(asked.channel, caller, request, who)? else {
            return Ok(None);
        };
        handed.write(told);
        let (grant, region) = (far.grant, Arc::clone(&far.region));
        let granted = Granted::Memory(far);
        let (ticket, holder) = (asked.proof.ticket, Holder::of(caller));
        handed::watch(asked.shared, ticket, &holder, &granted);
        Ok(Some((granted, grant, region)))
    }

    /// Puts the memory of an upload into the caller's process, or says by what name it is opened. Whether either can be.
    pub(super) fn give_upload(
        self,
        shared: &Arc<Shared>,
        caller: &Caller,
        upload: Secret,
        memory: Passed,
        told: &mut wire::OpenUploadResponse,
    ) -> Result<bool, Refused> {
        if let Some(process) = process_of(caller) {
            let given = process.give(borrowed(&memory), Rights::Same).ok();
            told.handle = given.unwrap_or_default();
            return Ok(given.is_some());
        }
        let Some(name) = memory.name().filter(|_| finds_names(caller)) else {
            return Ok(false);
        };
        told.name = name.to_string();
        shared.uploads.keep_open(&upload, memory);
        Ok(true)
    }
}
