//! Handing a channel's memory to a reader on Windows, and taking it: handles that are put into the reader's process, which
//! is told their numbers.
//!
//! An event is the reader's doorbell. Another is set by whoever leaves, and for those who are killed each side has a handle
//! of the other's process, by which the kernel tells.

use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::Arc;
use std::time::Duration;

use nearcall_sys::event::{Event, EventError, Kind, Watch, wait_any};
use nearcall_sys::handover::{Process, Rights, TakeError, take};
use nearcall_sys::memory::{OpenError, ReadOnly, Writable, open_region, open_return_page};

use crate::doorbell::{Doorbell, Heard, Hearing, Rung};
use crate::reader::{AttachError, Reader};
use crate::writer::Grant;

/// The numbers that handles have in the reader's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The region.
    pub region: u64,
    /// The return page.
    pub page: u64,
    /// The event that is set for a reader that sleeps.
    pub ring: u64,
    /// The event that is set when the subscription is evicted.
    pub evicted: u64,
    /// The event that is set by whichever side leaves.
    pub left: u64,
    /// The event that the reader sets once it has all of these.
    pub taken: u64,
    /// The server's process.
    pub server: u64,
}

/// One of [`Numbers`], as an error names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// [`Numbers::region`].
    Region,
    /// [`Numbers::page`].
    Page,
    /// [`Numbers::ring`].
    Ring,
    /// [`Numbers::evicted`].
    Evicted,
    /// [`Numbers::left`].
    Left,
    /// [`Numbers::taken`].
    Taken,
    /// [`Numbers::server`].
    Server,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "the region",
            Self::Page => "the return page",
            Self::Ring => "the doorbell",
            Self::Evicted => "the event of being evicted",
            Self::Left => "the event of leaving",
            Self::Taken => "the event of having taken all",
            Self::Server => "the server's process",
        })
    }
}

/// Why a reader did not get a channel's memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandlesError {
    /// There is no such handle, or the server did not put it here.
    #[error("the server named a handle for {which} that is none of its own")]
    Take {
        /// Which.
        which: Which,
        /// Why.
        source: TakeError,
    },
    /// The memory is not safe to map.
    #[error("what the server gave for {which} is not safe to map")]
    Open {
        /// Which.
        which: Which,
        /// Why.
        source: OpenError,
    },
    /// It is no event.
    #[error("what the server gave for {which} is none")]
    Event {
        /// Which.
        which: Which,
        /// Why.
        source: EventError,
    },
    /// It is no process.
    #[error("expected a handle of the server's process, found another; it is of another version")]
    Server,
    /// The memory is not the channel.
    #[error("what the server gave is not the channel")]
    Attach(#[from] AttachError),
    /// The server cannot be told.
    #[error("telling the server failed")]
    System(#[from] io::Error),
}

/// Server: one reader's doorbell, and what tells of its end. Clones are the same; once all of them are gone, the reader is
/// told that the server has left.
#[derive(Debug, Clone)]
pub struct Bell(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    ring: Event,
    evicted: Event,
    left: Leaving,
    taken: Event,
    reader: Process,
}

/// The event of leaving, set when this is dropped.
#[derive(Debug)]
struct Leaving(Event);

impl AsHandle for Leaving {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // It cannot fail: the event is good for this on either side.
        let _ = self.0.set();
    }
}

impl Bell {
    /// The doorbell of a reader in that process.
    ///
    /// # Errors
    ///
    /// The system is out of something.
    pub fn new(reader: Process) -> io::Result<Self> {
        let parts = Parts {
            ring: Event::new(Kind::Taken)?,
            evicted: Event::new(Kind::Stays)?,
            left: Leaving(Event::new(Kind::Stays)?),
            taken: Event::new(Kind::Stays)?,
            reader,
        };
        Ok(Self(Arc::new(parts)))
    }

    /// Puts all that the reader needs into its process. The page is closed here: nobody else is to have it.
    ///
    /// # Errors
    ///
    /// The process has ended, or this user may not. Nothing is left in it then.
    pub fn hand_over(&self, region: BorrowedHandle<'_>, page: OwnedHandle) -> io::Result<Numbers> {
        let Parts {
            ring,
            evicted,
            left,
            taken,
            reader,
        } = &*self.0;
        let mut given = Giving {
            reader,
            numbers: Vec::new(),
        };
        let numbers = Numbers {
            region: given.give(region, Rights::Same)?,
            page: given.give(page.as_handle(), Rights::Same)?,
            ring: given.give(ring.as_handle(), Rights::Wait)?,
            evicted: given.give(evicted.as_handle(), Rights::Wait)?,
            left: given.give(left.as_handle(), Rights::Set)?,
            taken: given.give(taken.as_handle(), Rights::Set)?,
            server: reader.give_this_process()?,
        };
        drop(page);
        given.numbers.clear();
        Ok(numbers)
    }

    /// Whether the reader has said that it has all that was put into its process.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.0.taken.is_set().unwrap_or(false)
    }

    /// What a runtime's task waits at: the reader has taken all, has left, or has ended.
    ///
    /// # Errors
    ///
    /// The system is out of something.
    pub fn watch(&self) -> io::Result<Watch> {
        let parts = &*self.0;
        let stay = [
            parts.taken.as_handle(),
            parts.left.as_handle(),
            parts.reader.as_handle(),
        ];
        Watch::of(&[], &stay)
    }
}

/// What was put into a process, and is taken back if not all could be.
struct Giving<'a> {
    reader: &'a Process,
    numbers: Vec<u64>,
}

impl Giving<'_> {
    fn give(&mut self, handle: BorrowedHandle<'_>, rights: Rights) -> io::Result<u64> {
        let number = self.reader.give(handle, rights)?;
        self.numbers.push(number);
        Ok(number)
    }
}

impl Drop for Giving<'_> {
    fn drop(&mut self) {
        for number in &self.numbers {
            self.reader.take_back(*number);
        }
    }
}

impl Doorbell for Bell {
    fn ring(&self) -> Rung {
        if self.is_gone() {
            return Rung::Gone;
        }
        // An event that is set already is rung: the reader finds it.
        self.0.ring.set().map_or(Rung::Gone, |()| Rung::Yes)
    }

    fn is_gone(&self) -> bool {
        let ends = [self.0.left.as_handle(), self.0.reader.as_handle()];
        wait_any(&ends, Duration::ZERO).is_ok_and(|end| end.is_some())
    }

    fn end(&self) {
        // It cannot fail: the event is this process's own.
        let _ = self.0.evicted.set();
    }
}

/// Reader: what it hears by. Clones are the same; once all of them are gone, the server is told that the reader has left.
#[derive(Debug, Clone)]
pub struct Ear(Arc<Ends>);

#[derive(Debug)]
struct Ends {
    ring: Event,
    evicted: Event,
    left: Leaving,
    server: Process,
}

impl Ear {
    /// Whether nothing more will be heard: the server has left or ended, or has evicted this reader.
    #[must_use]
    pub fn is_hung_up(&self) -> bool {
        self.is_server_gone() || self.0.evicted.is_set().unwrap_or(true)
    }

    /// Whether the server has left or ended. One that evicted this reader has not.
    #[must_use]
    pub fn is_server_gone(&self) -> bool {
        let ends = [self.0.left.as_handle(), self.0.server.as_handle()];
        wait_any(&ends, Duration::ZERO).map_or(true, |end| end.is_some())
    }

    /// What a runtime's task waits at: a ring, which is taken by this, and the end. Who has one hears no rings otherwise.
    ///
    /// # Errors
    ///
    /// The system is out of something.
    pub fn watch(&self) -> io::Result<Watch> {
        let parts = &*self.0;
        let stay = [
            parts.evicted.as_handle(),
            parts.left.as_handle(),
            parts.server.as_handle(),
        ];
        Watch::of(&[parts.ring.as_handle()], &stay)
    }
}

impl Hearing for Ear {
    fn hear(&self, most: Duration) -> Heard {
        let parts = &*self.0;
        let all = [
            parts.evicted.as_handle(),
            parts.left.as_handle(),
            parts.server.as_handle(),
            parts.ring.as_handle(),
        ];
        let ring = all.len().saturating_sub(1);
        match wait_any(&all, most) {
            Ok(Some(which)) if which == ring => Heard::Ring,
            Ok(None) => Heard::Nothing,
            _ => Heard::Gone,
        }
    }
}

/// Reader: what was put into its process, each handle owned by it, and not looked at yet. Dropped, all of it is closed.
#[derive(Debug)]
pub struct Taken {
    region: Result<OwnedHandle, TakeError>,
    page: Result<OwnedHandle, TakeError>,
    ring: Result<OwnedHandle, TakeError>,
    evicted: Result<OwnedHandle, TakeError>,
    left: Result<OwnedHandle, TakeError>,
    taken: Result<OwnedHandle, TakeError>,
    server: Result<OwnedHandle, TakeError>,
}

impl Taken {
    /// Takes what the numbers say, all that there is, so that nothing stays behind.
    #[must_use]
    pub fn of(numbers: &Numbers) -> Self {
        Self {
            region: take(numbers.region),
            page: take(numbers.page),
            ring: take(numbers.ring),
            evicted: take(numbers.evicted),
            left: take(numbers.left),
            taken: take(numbers.taken),
            server: take(numbers.server),
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
    /// A handle was not the server's, or is of something else than it should be.
    pub fn open(self, grant: &Grant) -> Result<(ReadOnly, Writable, Ear), HandlesError> {
        let ours = |taken: Result<_, _>, which| {
            taken.map_err(|source| HandlesError::Take { which, source })
        };
        let event = |taken, which, kind| {
            let passed = Event::passed(ours(taken, which)?, kind);
            passed.map_err(|source| HandlesError::Event { which, source })
        };
        let open = |which| move |source| HandlesError::Open { which, source };
        // First, so that the server hears of whatever goes wrong.
        let left = Leaving(event(self.left, Which::Left, Kind::Stays)?);
        let server = Process::passed(ours(self.server, Which::Server)?);
        let ear = Ear(Arc::new(Ends {
            left,
            server: server.ok_or(HandlesError::Server)?,
            ring: event(self.ring, Which::Ring, Kind::Taken)?,
            evicted: event(self.evicted, Which::Evicted, Kind::Stays)?,
        }));
        let taken = event(self.taken, Which::Taken, Kind::Stays)?;
        let region = ours(self.region, Which::Region)?;
        let region = open_region(region.as_handle(), grant.geometry.region_bytes())
            .map_err(open(Which::Region))?;
        let page = ours(self.page, Which::Page)?;
        let page = open_return_page(page.as_handle()).map_err(open(Which::Page))?;
        taken.set()?;
        Ok((region, page, ear))
    }
}
