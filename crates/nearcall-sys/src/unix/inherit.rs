//! Taking a descriptor that the parent process left open across `exec`.

use std::collections::BTreeSet;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// The variable in which a parent says the number of the descriptor it passes.
pub const VARIABLE: &str = "NEARCALL_INHERIT";

/// Numbers below this are standard input, output and error, which belong to the standard library.
const FIRST_NUMBER: u32 = 3;

/// Why there is no inherited descriptor to take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TakeError {
    /// No number was given, and no variable says one.
    #[error(
        "expected the parent process to set {VARIABLE} to the number of a socket, and it is not set"
    )]
    NoVariable,
    /// The variable holds something else.
    #[error("expected {VARIABLE} to be the number of a socket, found {found:?}")]
    BadVariable {
        /// What it holds.
        found: String,
    },
    /// It was taken before.
    #[error(
        "descriptor {number} was taken before in this process, and can be taken once; keep what the first take gave"
    )]
    Taken {
        /// The descriptor.
        number: u32,
    },
    /// Standard input, output or error.
    #[error(
        "descriptor {number} is standard input, output or error; expected a number from {FIRST_NUMBER} up"
    )]
    Standard {
        /// The descriptor.
        number: u32,
    },
    /// No such descriptor.
    #[error(
        "descriptor {number} is not open; the parent process has to pass it on when it starts this one"
    )]
    NotOpen {
        /// The descriptor.
        number: u32,
    },
    /// It belongs to something that this process opened itself.
    #[error(
        "descriptor {number} was opened by this process and not given by its parent; use the number the parent says"
    )]
    NotInherited {
        /// The descriptor.
        number: u32,
    },
}

/// Numbers that were taken. A number stays here for good, also when its descriptor is closed.
static TAKEN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Takes the descriptor of that number, or of the number that [`VARIABLE`] says; each can be taken once.
///
/// What comes back is closed on `exec`, and the variable is gone, so that grandchildren inherit neither.
///
/// # Errors
///
/// There is no such descriptor, it was taken before, or this process opened it itself.
pub fn take(number: Option<u32>) -> Result<OwnedFd, TakeError> {
    let said = said_by_variable();
    let number = match number {
        Some(number) => number,
        None => said.clone().ok_or(TakeError::NoVariable)??,
    };
    if number < FIRST_NUMBER {
        return Err(TakeError::Standard { number });
    }
    let raw = RawFd::try_from(number).map_err(|_| TakeError::NotOpen { number })?;
    // The lock is held to the end: of two threads that take one number, one must find it taken.
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if taken.contains(&number) {
        return Err(TakeError::Taken { number });
    }
    // SAFETY: `raw` is not -1. The borrow ends within this function and only asks for and sets flags, which for a number
    // that is not open answers EBADF.
    let borrowed = unsafe { BorrowedFd::borrow_raw(raw) };
    let flags = fcntl_getfd(borrowed).map_err(|_| TakeError::NotOpen { number })?;
    if flags.contains(FdFlags::CLOEXEC) {
        return Err(TakeError::NotInherited { number });
    }
    fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC).map_err(|_| TakeError::NotOpen { number })?;
    taken.insert(number);
    if said == Some(Ok(number)) {
        remove_variable();
    }
    // SAFETY: the descriptor is open, and nobody in this process owns it: it had no close-on-exec flag, which the
    // standard library and tokio set on all that they open, so it came with `exec`; and it is handed out once, since
    // its number is now among `TAKEN`.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

fn said_by_variable() -> Option<Result<u32, TakeError>> {
    let text = std::env::var_os(VARIABLE)?;
    let text = text.to_string_lossy();
    Some(text.parse().map_err(|_| TakeError::BadVariable {
        found: text.into_owned(),
    }))
}

fn remove_variable() {
    // SAFETY: the standard library locks its own readers out. A C reader in another thread (getaddrinfo reading its
    // options) at worst misses a variable: `unsetenv` moves pointers within the array and frees nothing here, because
    // this variable came with `exec` and not from `setenv`.
    unsafe { std::env::remove_var(VARIABLE) };
}
