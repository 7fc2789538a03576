//! Memory is found by a path.

use std::os::fd::{AsRawFd as _, OwnedFd};

use nearcall_proto::frames::v1 as wire;
use nearcall_sidecar::Tier;

use super::{Place, Strange};

pub(crate) const LENT: Tier = Tier::Proc;

/// Whether a client asks for memory before it maps it.
pub(super) const IS_ASKED_FOR: bool = false;

pub(super) type Passed = OwnedFd;

/// Where memory of this process is.
pub(super) fn leads_to(memory: &Passed) -> Place {
    at(format!("/proc/self/fd/{}", memory.as_raw_fd()))
}

fn at(path: String) -> Place {
    (path, wire::LendResponse::default())
}

pub(super) fn strange() -> Vec<Strange> {
    let places = [
        ("", false),
        ("/nowhere", false),
        ("/dev/zero", true),
        ("/", true),
    ];
    let strange = |(path, is_open): (&'static str, bool)| Strange {
        place: at(path.to_owned()),
        what: path,
        is_open,
        _there: Box::new(()),
    };
    places.map(strange).into()
}
