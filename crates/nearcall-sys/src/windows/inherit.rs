//! Taking a handle that the parent process passed on.

use std::collections::BTreeSet;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::sync::{Mutex, PoisonError};

use windows_sys::Win32::Foundation::{
    GetHandleInformation, HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation,
};
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
};

/// The variable in which a parent says the number of the handle it passes.
pub const VARIABLE: &str = "NEARCALL_INHERIT";

/// Why there is no inherited handle to take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TakeError {
    /// No number was given, and no variable says one.
    #[error(
        "expected the parent process to set {VARIABLE} to the number of a pipe, and it is not set"
    )]
    NoVariable,
    /// The variable holds something else.
    #[error("expected {VARIABLE} to be the number of a pipe, found {found:?}")]
    BadVariable {
        /// What it holds.
        found: String,
    },
    /// It was taken before.
    #[error(
        "handle {number} was taken before in this process, and can be taken once; keep what the first take gave"
    )]
    Taken {
        /// The handle.
        number: u32,
    },
    /// Standard input, output or error.
    #[error("handle {number} is standard input, output or error; expected one beside these")]
    Standard {
        /// The handle.
        number: u32,
    },
    /// No such handle.
    #[error(
        "handle {number} is not open; the parent process has to pass it on when it starts this one"
    )]
    NotOpen {
        /// The handle.
        number: u32,
    },
    /// It belongs to something that this process opened itself.
    #[error(
        "handle {number} was opened by this process and not given by its parent; use the number the parent says"
    )]
    NotInherited {
        /// The handle.
        number: u32,
    },
}

/// Numbers that were taken. A number stays here for good, also when its handle is closed.
static TAKEN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Takes the handle of that number, or of the number that [`VARIABLE`] says; each can be taken once.
///
/// What comes back is not inherited further, and the variable is gone.
///
/// # Errors
///
/// There is no such handle, it was taken before, or this process opened it itself.
pub fn take(number: Option<u32>) -> Result<OwnedHandle, TakeError> {
    let said = said_by_variable();
    let number = match number {
        Some(number) => number,
        None => said.clone().ok_or(TakeError::NoVariable)??,
    };
    // Handles have 32 bits that count, see "Interprocess Communication Between 32-bit and 64-bit Applications".
    let raw = number as usize as HANDLE;
    if [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE]
        .into_iter()
        // SAFETY: it takes one of the three numbers that it knows.
        .any(|which| unsafe { GetStdHandle(which) } == raw)
        || number == 0
    {
        return Err(TakeError::Standard { number });
    }
    // The lock is held to the end: of two threads that take one number, one must find it taken.
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if taken.contains(&number) {
        return Err(TakeError::Taken { number });
    }
    let mut flags = 0;
    // SAFETY: the pointer is to room for the flags; a number that is no open handle is answered with an error.
    if unsafe { GetHandleInformation(raw, &raw mut flags) } == 0 {
        return Err(TakeError::NotOpen { number });
    }
    if flags & HANDLE_FLAG_INHERIT == 0 {
        return Err(TakeError::NotInherited { number });
    }
    // SAFETY: it is an open handle, of which one flag is set.
    if unsafe { SetHandleInformation(raw, HANDLE_FLAG_INHERIT, 0) } == 0 {
        return Err(TakeError::NotOpen { number });
    }
    taken.insert(number);
    if said == Some(Ok(number)) {
        // SAFETY: variables of Windows may be set and read by any thread at any time.
        unsafe { std::env::remove_var(VARIABLE) };
    }
    // SAFETY: the handle is open, and nobody in this process owns it: it is inheritable, which the standard library and
    // tokio make nothing that they open, so it came from the parent; and it is handed out once, since its number is now
    // among `TAKEN`.
    Ok(unsafe { OwnedHandle::from_raw_handle(raw) })
}

fn said_by_variable() -> Option<Result<u32, TakeError>> {
    let text = std::env::var_os(VARIABLE)?;
    let text = text.to_string_lossy();
    Some(text.parse().map_err(|_| TakeError::BadVariable {
        found: text.into_owned(),
    }))
}
