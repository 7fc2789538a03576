//! The way that memory, or what is in it, gets to a caller.

use std::sync::Arc;

use nearcall_proto::frames::v1 as wire;

use super::Shared;
use super::caller::Caller;
use super::handing::{self, To};
use super::lending::Borrower;
use crate::tier::Tier;

/// One of them.
#[derive(Debug)]
pub(super) enum Way {
    /// The memory is handed over.
    Handed(To),
    /// The memory is the server's, and the caller opens it for as long as it borrows it.
    Lent(Borrower),
    /// By a file.
    File,
    /// As bytes.
    Inline,
}

impl Way {
    /// The fastest that a client can use and that there is to it.
    pub(super) fn to(
        shared: &Arc<Shared>,
        caller: &Caller,
        tiers: impl Iterator<Item = wire::Tier>,
    ) -> Self {
        let tiers: Vec<_> = tiers.filter_map(Tier::read).collect();
        if tiers.contains(&handing::TIER)
            && let Some(to) = shared.handing.to(shared, caller)
        {
            return Self::Handed(to);
        }
        if tiers.contains(&Tier::Proc)
            && let Some(borrower) = Borrower::of(shared, caller)
        {
            return Self::Lent(borrower);
        }
        let has_files = tiers.contains(&Tier::File) && shared.filing.is_allowed();
        if has_files && shared.is_open_to(caller) {
            return Self::File;
        }
        Self::Inline
    }

    /// As the caller is told of it.
    pub(super) const fn tier(&self) -> Tier {
        match self {
            Self::Handed(_) => handing::TIER,
            Self::Lent(_) => Tier::Proc,
            Self::File => Tier::File,
            Self::Inline => Tier::Inline,
        }
    }
}
