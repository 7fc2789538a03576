//! Memory whose handles the server put into this process, or that this one opens by names, and the events that are the
//! doorbell.

use std::io;

use nearcall_frames::Reader;
use nearcall_frames::handles::{Ear, Names, Numbers};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::event::Watch;
use nearcall_sys::memory::ReadOnly;

use super::attached::AttachFault;
use super::opening::Granted;
use crate::tier::Tier;

/// How frames come so.
pub(super) const TIER: Tier = Tier::Handle;

/// What leads to the server.
#[derive(Debug)]
pub(super) struct Link {
    ear: Ear,
    watch: Watch,
}

/// Maps what was put into this process, or opened.
pub(super) async fn hand_over(granted: Granted) -> Result<(Reader<ReadOnly>, Link), AttachFault> {
    let Granted { grant, taken, .. } = granted;
    let taken = taken
        .ok_or_else(|| io::Error::other("the server's answer has neither handles nor names"))?;
    let (reader, ear) = taken.attach(&grant)?;
    let watch = ear.watch()?;
    Ok((reader, Link { ear, watch }))
}

/// The numbers in a server's answer.
pub(super) fn numbers(told: &wire::Handles) -> Numbers {
    let wire::Handles {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    } = *told;
    Numbers {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    }
}

/// The names in a server's answer.
pub(super) fn names(told: &wire::Names) -> Names {
    let wire::Names {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    } = told.clone();
    Names {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    }
}

impl Link {
    /// Waits for news, and says whether it was a ring, as far as that is known.
    pub(super) async fn ring(&mut self) -> bool {
        self.watch.news().await;
        !self.ear.is_hung_up()
    }

    /// Whether the server says no more: it is gone, or has evicted this reader.
    pub(super) fn is_hung_up(&self) -> bool {
        self.ear.is_hung_up()
    }

    /// Of one that says no more, whether it is gone.
    pub(super) fn is_server_gone(&self) -> bool {
        self.ear.is_server_gone()
    }
}
