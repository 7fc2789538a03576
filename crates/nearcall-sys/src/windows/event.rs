//! Events: what one process sets and another waits for, by handles that were passed on, or by names.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::System::Threading::{
    CreateEventW, EVENT_MODIFY_STATE, PROCESS_SYNCHRONIZE, SetEvent,
};

use super::descriptor::OwnerOnly;
use super::handle::{owned, succeeded};
use super::name::{Name, Use, made};
use super::ntdll::{self, EVENT_BASIC_INFORMATION, NtQueryEvent};

pub use super::wait::{Watch, wait_any};

/// `EVENT_QUERY_STATE`, by which the receiver of an event sees that it is one.
const EVENT_QUERY_STATE: u32 = 1;

/// What a handle for waiting is good for.
pub(super) const WAIT: u32 = EVENT_QUERY_STATE | PROCESS_SYNCHRONIZE;

/// What a handle for setting is good for.
pub(super) const SET: u32 = WAIT | EVENT_MODIFY_STATE;

/// How an event ceases to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The first waiter that sees it takes it; set twice before that, it is set once.
    Taken,
    /// Never: it stays set.
    Stays,
}

/// Why a handle is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It is a handle of something else, or does not let itself be asked.
    #[error("expected a handle of an event, found another (status {status:#010x})")]
    NotEvent {
        /// What `NtQueryEvent` says, an NTSTATUS.
        status: u32,
    },
    /// It is an event that ceases to be set in another way.
    #[error("expected an event of the kind {expected:?}, found one of the other")]
    Kind {
        /// What was expected.
        expected: Kind,
    },
}

/// An event.
#[derive(Debug)]
pub struct Event(OwnedHandle);

impl Event {
    /// One that is not set.
    ///
    /// # Errors
    ///
    /// The system is out of something.
    pub fn new(kind: Kind) -> io::Result<Self> {
        let descriptor = OwnerOnly::as_handed_out()?;
        let attributes = descriptor.attributes();
        let stays = i32::from(kind == Kind::Stays);
        // SAFETY: the attributes point to a descriptor that is still there, and there is no name to point to.
        let answer = unsafe { CreateEventW(&raw const attributes, stays, 0, ptr::null()) };
        // SAFETY: it was called right before and answers a handle to close, or null.
        unsafe { owned(answer) }.map(Self)
    }

    /// One that is not set, and that another process of this user opens by its name for what is said.
    ///
    /// # Errors
    ///
    /// Something has the name ([`io::ErrorKind::AlreadyExists`]), or the system is out of something.
    pub fn named(name: &Name, kind: Kind, good_for: Use) -> io::Result<Self> {
        let descriptor = good_for.descriptor()?;
        let attributes = descriptor.attributes();
        let stays = i32::from(kind == Kind::Stays);
        let text = name.in_full();
        // SAFETY: the attributes point to a descriptor that is still there, and the name has a NUL at its end.
        let answer = unsafe { CreateEventW(&raw const attributes, stays, 0, text.as_ptr()) };
        // SAFETY: it was called right before, answers a handle to close, or null, and says whether the event was there.
        unsafe { made(answer, name) }.map(Self)
    }

    /// One that was passed on.
    ///
    /// # Errors
    ///
    /// The handle is none of an event of that kind.
    pub fn passed(handle: OwnedHandle, kind: Kind) -> Result<Self, EventError> {
        let mut basic = ntdll::Event::default();
        let length = u32::try_from(size_of_val(&basic)).unwrap_or(u32::MAX);
        // SAFETY: the handle is open, whatever it is of, and the pointer is to room for as many bytes as are said.
        let status = unsafe {
            NtQueryEvent(
                handle.as_raw_handle(),
                EVENT_BASIC_INFORMATION,
                (&raw mut basic).cast(),
                length,
                ptr::null_mut(),
            )
        };
        if status < 0 {
            let status = status.cast_unsigned();
            return Err(EventError::NotEvent { status });
        }
        let found = if basic.kind == 0 {
            Kind::Stays
        } else {
            Kind::Taken
        };
        if found != kind {
            return Err(EventError::Kind { expected: kind });
        }
        Ok(Self(handle))
    }

    /// Sets it; never waits.
    ///
    /// # Errors
    ///
    /// The handle is not good for setting.
    pub fn set(&self) -> io::Result<()> {
        // SAFETY: the handle is open.
        succeeded(unsafe { SetEvent(self.0.as_raw_handle()) })
    }

    /// Whether it is set, which this takes where its kind is so.
    ///
    /// # Errors
    ///
    /// The handle is not good for waiting.
    pub fn is_set(&self) -> io::Result<bool> {
        Ok(wait_any(&[self.as_handle()], Duration::ZERO)?.is_some())
    }
}

impl AsHandle for Event {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}
