//! Handles for another process: put into it by who has them, and taken there by the number that they have in it.
//!
//! Nobody but the two processes' user can do this: it takes the right to put handles into the other (`PROCESS_DUP_HANDLE`).

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    DUPLICATE_CLOSE_SOURCE, DUPLICATE_SAME_ACCESS, DuplicateHandle, GetHandleInformation, HANDLE,
    HANDLE_FLAG_INHERIT, SetHandleInformation,
};
use windows_sys::Win32::Security::TOKEN_QUERY;
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetProcessId, OpenProcess, OpenProcessToken, PROCESS_DUP_HANDLE,
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
};

use super::event::{SET, WAIT, wait_any};
use super::handle::{owned, succeeded};
use super::identity::user_of;

/// What a handle is good for in the process that it is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// What it is good for here.
    Same,
    /// Waiting for an event.
    Wait,
    /// Waiting for an event, and setting it.
    Set,
}

/// Why there is no handle of a number to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TakeError {
    /// No handle has such a number.
    #[error("expected the number of a handle, found {number}; it is from another version")]
    Number {
        /// What was found.
        number: u64,
    },
    /// There is no such handle.
    #[error("handle {number} is not open here; it was put into another process, or is closed")]
    NotOpen {
        /// What was found.
        number: u64,
    },
    /// This process opened it itself, or took it before.
    #[error("handle {number} is this process's own and was put into it by nobody")]
    Own {
        /// What was found.
        number: u64,
    },
}

/// Another process, or this one, whose number cannot become another's while this lives.
#[derive(Debug)]
pub struct Process(OwnedHandle);

impl Process {
    /// The process of that number, to put handles into and to see the end of.
    ///
    /// # Errors
    ///
    /// There is none, or this user may not.
    pub fn open(pid: u32) -> io::Result<Self> {
        let access = PROCESS_DUP_HANDLE | PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION;
        Self::open_for(access, pid)
    }

    /// The process of that number, to see the end of and for nothing else, which the system allows where it does not allow
    /// more: of a process that runs elevated, or protected, or keeps others out.
    ///
    /// # Errors
    ///
    /// There is none, or this user may not.
    pub fn open_to_wait(pid: u32) -> io::Result<Self> {
        let access = PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION;
        Self::open_for(access, pid).or_else(|_| Self::open_for(PROCESS_SYNCHRONIZE, pid))
    }

    fn open_for(access: u32, pid: u32) -> io::Result<Self> {
        // SAFETY: it takes plain numbers.
        let answer = unsafe { OpenProcess(access, 0, pid) };
        // SAFETY: it was called right before and answers a handle to close, or null.
        unsafe { owned(answer) }.map(Self)
    }

    /// The process that a passed handle is of; none where it is of something else.
    #[must_use]
    pub fn passed(handle: OwnedHandle) -> Option<Self> {
        // SAFETY: the handle is open, whatever it is of.
        let pid = unsafe { GetProcessId(handle.as_raw_handle()) };
        (pid != 0).then_some(Self(handle))
    }

    /// The security identifier of its user.
    ///
    /// # Errors
    ///
    /// This user may not ask.
    pub fn sid(&self) -> io::Result<String> {
        let mut token = ptr::null_mut();
        let process = self.0.as_raw_handle();
        // SAFETY: the process is open, and the pointer is to room for a handle.
        succeeded(unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) })?;
        // SAFETY: the call succeeded and wrote a handle that is the caller's to close.
        user_of(&unsafe { owned(token) }?)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        // What cannot be waited for is not seen to end.
        wait_any(&[self.as_handle()], Duration::ZERO).is_ok_and(|ended| ended.is_some())
    }

    /// Puts a handle into it, and answers its number there. It is marked as one that was put there, which is what
    /// [`take`] asks for.
    ///
    /// # Errors
    ///
    /// The process has ended, or this user may not.
    pub fn give(&self, handle: BorrowedHandle<'_>, rights: Rights) -> io::Result<u64> {
        let (access, options) = match rights {
            Rights::Same => (0, DUPLICATE_SAME_ACCESS),
            Rights::Wait => (WAIT, 0),
            Rights::Set => (SET, 0),
        };
        self.put(handle.as_raw_handle(), access, options)
    }

    /// Puts a handle of this process into it, by which it sees the end of this one.
    ///
    /// # Errors
    ///
    /// The process has ended, or this user may not.
    pub fn give_this_process(&self) -> io::Result<u64> {
        // SAFETY: it takes nothing, and answers a number that stands for this process.
        let this_process = unsafe { GetCurrentProcess() };
        let access = PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION;
        self.put(this_process, access, 0)
    }

    fn put(&self, handle: HANDLE, access: u32, options: u32) -> io::Result<u64> {
        // SAFETY: it takes nothing, and answers a number that stands for this process.
        let this_process = unsafe { GetCurrentProcess() };
        let mut there = ptr::null_mut();
        // SAFETY: both processes and the handle are open, and the pointer is to room for a number, which stands for
        // nothing in this process.
        succeeded(unsafe {
            DuplicateHandle(
                this_process,
                handle,
                self.0.as_raw_handle(),
                &raw mut there,
                access,
                1,
                options,
            )
        })?;
        Ok(there as usize as u64)
    }

    /// Closes a handle that was put into the process, whose number it was never told. One that was told of may have been
    /// closed there, and be another's by now.
    pub fn take_back(&self, number: u64) {
        let Ok(there) = usize::try_from(number) else {
            return;
        };
        // SAFETY: it takes nothing, and answers a number that stands for this process.
        let this_process = unsafe { GetCurrentProcess() };
        let mut here = ptr::null_mut();
        // SAFETY: both processes are open, and the pointer is to room for a handle. A number that stands for nothing there
        // is refused; and that it stands for what was put there is the caller's to know, whose own process is not the
        // one that would find a handle closed.
        let moved = succeeded(unsafe {
            DuplicateHandle(
                self.0.as_raw_handle(),
                there as HANDLE,
                this_process,
                &raw mut here,
                0,
                0,
                DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE,
            )
        });
        if moved.is_ok() {
            // SAFETY: the call succeeded and wrote a handle that is the caller's to close.
            drop(unsafe { owned(here) });
        }
    }
}

impl AsHandle for Process {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

/// Takes a handle that another process put into this one, by its number here. Each can be taken once.
///
/// # Errors
///
/// There is no such handle, or nobody put it here.
pub fn take(number: u64) -> Result<OwnedHandle, TakeError> {
    // Handles have 32 bits that count and end with two zeros; -1 and the like stand for this process.
    let whole = u32::try_from(number).ok();
    let small = whole.filter(|small| *small != 0 && small.is_multiple_of(4));
    let raw = small.ok_or(TakeError::Number { number })? as usize as HANDLE;
    let _one = TAKING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut flags = 0;
    // SAFETY: the pointer is to room for the flags; a number that is no open handle is answered with an error.
    if unsafe { GetHandleInformation(raw, &raw mut flags) } == 0 {
        return Err(TakeError::NotOpen { number });
    }
    if flags & HANDLE_FLAG_INHERIT == 0 {
        return Err(TakeError::Own { number });
    }
    // SAFETY: it is an open handle, of which one flag is set.
    if unsafe { SetHandleInformation(raw, HANDLE_FLAG_INHERIT, 0) } == 0 {
        return Err(TakeError::NotOpen { number });
    }
    // SAFETY: the handle is open, and nobody in this process owns it: it is inheritable, which the standard library and
    // tokio make nothing that they open, so it was put here; and it is handed out once, since it is inheritable no more.
    Ok(unsafe { OwnedHandle::from_raw_handle(raw) })
}

/// Of two threads that take one number, one must find it taken.
static TAKING: std::sync::Mutex<()> = std::sync::Mutex::new(());
