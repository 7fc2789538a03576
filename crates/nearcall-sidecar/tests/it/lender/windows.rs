//! Memory is had by a handle, or a name.

use std::os::windows::io::{AsHandle as _, AsRawHandle as _, OwnedHandle};

use nearcall_proto::frames::v1 as wire;
use nearcall_sidecar::Tier;
use nearcall_sys::event::{Event, Kind};
use nearcall_sys::handover::{Process, Rights};
use nearcall_sys::name::{Name, Use};

use super::{Place, Strange};

pub(crate) const LENT: Tier = Tier::Handle;

/// Whether a client asks for memory before it maps it.
pub(super) const IS_ASKED_FOR: bool = true;

pub(super) type Passed = OwnedHandle;

/// A handle of memory, put into this process as a server would.
pub(super) fn leads_to(memory: &Passed) -> Place {
    let this_process = Process::open(std::process::id()).unwrap();
    let number = this_process.give(memory.as_handle(), Rights::Same);
    at(number.unwrap())
}

fn at(handle: u64) -> Place {
    let lent = wire::LendResponse {
        handle,
        ..wire::LendResponse::default()
    };
    (String::new(), lent)
}

fn named(name: &str) -> Place {
    let lent = wire::LendResponse {
        name: name.to_owned(),
        ..wire::LendResponse::default()
    };
    (String::new(), lent)
}

pub(super) fn strange() -> Vec<Strange> {
    let event = Event::new(Kind::Stays).unwrap();
    let own = event.as_handle().as_raw_handle() as usize as u64;
    let this_process = Process::open(std::process::id()).unwrap();
    let given = this_process.give(event.as_handle(), Rights::Same).unwrap();
    let closed = this_process.give(event.as_handle(), Rights::Same).unwrap();
    this_process.take_back(closed);
    let strange = |number, what, is_open| Strange {
        place: at(number),
        what,
        is_open,
        _there: Box::new(()),
    };
    let mut all = vec![
        strange(0, "no number", false),
        strange(7, "the number of no handle", false),
        strange(u64::MAX, "the number that stands for this process", false),
        strange(closed, "a handle that is closed", false),
        strange(given, "an event", true),
    ];
    all.push(Strange {
        _there: Box::new(event),
        ..strange(own, "a handle of this process's own", false)
    });
    let (name, absent) = (Name::random().unwrap(), Name::random().unwrap());
    let event = Event::named(&name, Kind::Stays, Use::Set).unwrap();
    let by_name = |name: &str, what| Strange {
        place: named(name),
        what,
        is_open: false,
        _there: Box::new(()),
    };
    all.extend([
        by_name("..\\KnownDlls\\ntdll.dll", "a name that leads elsewhere"),
        by_name(&"a".repeat(300), "a name that is too long"),
        by_name(&absent.to_string(), "a name of nothing"),
    ]);
    all.push(Strange {
        _there: Box::new(event),
        ..by_name(&name.to_string(), "a name of an event")
    });
    all
}
