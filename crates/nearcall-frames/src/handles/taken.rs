//! What a reader has of a channel, before it looks at it.

use std::os::windows::io::{AsHandle, OwnedHandle};

use nearcall_sys::event::{Event, Kind};
use nearcall_sys::handover::{Process, take};
use nearcall_sys::memory::{ReadOnly, Writable, open_region, open_return_page};
use nearcall_sys::name::{self, Name, Use};

use super::ear::Ends;
use super::{Ear, HandlesError, Leaving, Names, Numbers, Which};
use crate::reader::Reader;
use crate::writer::Grant;

/// Reader: the handles, each owned by its process, and not looked at yet. Dropped, all of them are closed.
#[derive(Debug)]
pub struct Taken {
    region: Result<OwnedHandle, HandlesError>,
    page: Result<OwnedHandle, HandlesError>,
    ring: Result<OwnedHandle, HandlesError>,
    evicted: Result<OwnedHandle, HandlesError>,
    left: Result<OwnedHandle, HandlesError>,
    taken: Result<OwnedHandle, HandlesError>,
    server: Result<Process, HandlesError>,
}

impl Taken {
    /// Takes what was put into this process, all that there is, so that nothing stays behind.
    #[must_use]
    pub fn of(numbers: &Numbers) -> Self {
        let numbered =
            |number, which| take(number).map_err(|source| HandlesError::Take { which, source });
        let server = numbered(numbers.server, Which::Server);
        Self {
            region: numbered(numbers.region, Which::Region),
            page: numbered(numbers.page, Which::Page),
            ring: numbered(numbers.ring, Which::Ring),
            evicted: numbered(numbers.evicted, Which::Evicted),
            left: numbered(numbers.left, Which::Left),
            taken: numbered(numbers.taken, Which::Taken),
            server: server.and_then(|handle| Process::passed(handle).ok_or(HandlesError::Server)),
        }
    }

    /// Opens what the server made under names.
    #[must_use]
    pub fn named(names: &Names) -> Self {
        let pid = names.server;
        // First: what is opened after it is there only as long as the server is, so that the number is still its own.
        let server =
            Process::open_to_wait(pid).map_err(|source| HandlesError::Process { pid, source });
        let named = |text: &str, good_for, which| {
            let opened = Name::parse(text).and_then(|name| name::open(&name, good_for));
            opened.map_err(|source| HandlesError::Named { which, source })
        };
        Self {
            server,
            region: named(&names.region, Use::Read, Which::Region),
            page: named(&names.page, Use::Fill, Which::Page),
            ring: named(&names.ring, Use::Wait, Which::Ring),
            evicted: named(&names.evicted, Use::Wait, Which::Evicted),
            left: named(&names.left, Use::Set, Which::Left),
            taken: named(&names.taken, Use::Set, Which::Taken),
        }
    }

    /// Attaches to the memory, after the checks of [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open), or the memory is not the one of the grant.
    pub fn attach(self, grant: &Grant) -> Result<(Reader<ReadOnly>, Ear), HandlesError> {
        let (region, page, ear) = self.open(grant)?;
        let reader = Reader::attach(region, Box::new(page), grant)?;
        Ok((reader.with_hearing(Box::new(ear.clone())), ear))
    }

    /// Maps the memory after the checks, and tells the server that all is taken.
    ///
    /// # Errors
    ///
    /// A handle was not the server's or is not to be had, or is of something else than it should be.
    pub fn open(self, grant: &Grant) -> Result<(ReadOnly, Writable, Ear), HandlesError> {
        let event = |handle: Result<_, HandlesError>, which, kind| {
            let passed = Event::passed(handle?, kind);
            passed.map_err(|source| HandlesError::Event { which, source })
        };
        let open = |which| move |source| HandlesError::Open { which, source };
        // First, so that the server hears of whatever goes wrong.
        let left = Leaving(event(self.left, Which::Left, Kind::Stays)?);
        let ear = Ear::new(Ends {
            left,
            server: self.server?,
            ring: event(self.ring, Which::Ring, Kind::Taken)?,
            evicted: event(self.evicted, Which::Evicted, Kind::Stays)?,
        });
        let taken = event(self.taken, Which::Taken, Kind::Stays)?;
        let region = self.region?;
        let region = open_region(region.as_handle(), grant.geometry.region_bytes())
            .map_err(open(Which::Region))?;
        let page = self.page?;
        let mapped = open_return_page(page.as_handle()).map_err(open(Which::Page))?;
        // Before the server hears of it, so that what had a name has none any more.
        drop(page);
        taken.set()?;
        Ok((region, mapped, ear))
    }
}
