//! The server's side of the events.

use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::Arc;
use std::time::Duration;

use nearcall_sys::event::{Event, Kind, Watch, wait_any};
use nearcall_sys::handover::{Process, Rights};
use nearcall_sys::name::{Name, Use};

use super::{EventNames, Leaving, Numbers};
use crate::doorbell::{Doorbell, Rung};

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

    /// The doorbell of a reader in a process that no handles can be put into, and the names by which the reader opens it.
    /// A [process to wait for](Process::open_to_wait) suffices.
    ///
    /// # Errors
    ///
    /// The system is out of something, or of randomness.
    pub fn named(reader: Process) -> io::Result<(Self, EventNames)> {
        let names = EventNames {
            ring: Name::random()?,
            evicted: Name::random()?,
            left: Name::random()?,
            taken: Name::random()?,
        };
        let parts = Parts {
            ring: Event::named(&names.ring, Kind::Taken, Use::Wait)?,
            evicted: Event::named(&names.evicted, Kind::Stays, Use::Wait)?,
            left: Leaving(Event::named(&names.left, Kind::Stays, Use::Set)?),
            taken: Event::named(&names.taken, Kind::Stays, Use::Set)?,
            reader,
        };
        Ok((Self(Arc::new(parts)), names))
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

    /// Whether the reader has said that it has all of it. What it opened by a name needs no handle of this process any more:
    /// closed, the page is opened by nobody else.
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
