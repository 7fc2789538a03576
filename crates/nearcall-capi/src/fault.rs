//! Why a function did not do what it was asked to, as a code and in words.

use std::cell::RefCell;

use crate::abi::nearcall_result::{self, *};

/// Why a function failed.
#[expect(
    dead_code,
    reason = "a system either has frames, and may fail at them, or lacks them"
)]
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("`{0}` must not be null")]
    Null(&'static str),
    #[error(
        "{handle:#x} is not an open {expected}: it is closed, was never given out, or is of another kind"
    )]
    Handle { handle: u64, expected: &'static str },
    #[error("{0}")]
    Argument(String),
    #[error("expected room for {needed} bytes, found {found}")]
    TooSmall { needed: usize, found: usize },
    #[error("the call ended with {code:?}: {message}")]
    Status {
        code: nearcall::Code,
        message: String,
    },
    #[error("nothing happened within the time given")]
    Timeout,
    #[error("the call is over")]
    Ended,
    #[error("the queue is full: the other side has to read first")]
    Full,
    #[error(
        "this function waits, and a thread of the library must not: call it from a thread of your own"
    )]
    Thread,
    #[error("nearcall_shutdown ended what was waited for")]
    Shutdown,
    #[error("there is no {0}")]
    NotFound(String),
    #[error("{0} is not there yet")]
    NotReady(&'static str),
    #[error("{0}")]
    Connect(String),
    #[error("{0}")]
    Listen(String),
    #[error("there are {0} handles, as many as there may be: some are not closed")]
    Limit(usize),
    #[error("the system gave no threads: {0}")]
    Runtime(std::io::Error),
    #[error("{0}")]
    State(&'static str),
    #[error("{0}")]
    Unknown(String),
    #[error("{0}")]
    Crowded(String),
    #[error("no more frames come: the channel has ended")]
    Closed,
    #[error("the server of the frames is gone and not back yet; they go on when it is")]
    Gone,
    #[error("{0}")]
    Held(String),
    #[error("{0}")]
    Evicted(String),
    #[error("{0}")]
    Broken(String),
    #[error("this system has no {0} so far")]
    Unsupported(&'static str),
}

impl Fault {
    pub(crate) const fn code(&self) -> nearcall_result {
        match self {
            Self::Null(_) => NEARCALL_ERROR_NULL,
            Self::Handle { .. } => NEARCALL_ERROR_HANDLE,
            Self::Argument(_) => NEARCALL_ERROR_ARGUMENT,
            Self::TooSmall { .. } => NEARCALL_ERROR_TOO_SMALL,
            Self::Status { .. } => NEARCALL_ERROR_STATUS,
            Self::Timeout => NEARCALL_ERROR_TIMEOUT,
            Self::Ended | Self::Closed => NEARCALL_ERROR_ENDED,
            Self::Full => NEARCALL_ERROR_FULL,
            Self::Thread => NEARCALL_ERROR_THREAD,
            Self::Shutdown => NEARCALL_ERROR_SHUTDOWN,
            Self::NotFound(_) | Self::Unknown(_) => NEARCALL_ERROR_NOT_FOUND,
            Self::NotReady(_) => NEARCALL_ERROR_NOT_READY,
            Self::Connect(_) | Self::Gone => NEARCALL_ERROR_CONNECT,
            Self::Listen(_) => NEARCALL_ERROR_LISTEN,
            Self::Limit(_) | Self::Crowded(_) => NEARCALL_ERROR_LIMIT,
            Self::Runtime(_) => NEARCALL_ERROR_RUNTIME,
            Self::State(_) => NEARCALL_ERROR_STATE,
            Self::Held(_) => NEARCALL_ERROR_HELD,
            Self::Evicted(_) => NEARCALL_ERROR_EVICTED,
            Self::Broken(_) => NEARCALL_ERROR_BROKEN,
            Self::Unsupported(_) => NEARCALL_ERROR_UNSUPPORTED,
        }
    }
}

/// An error and what caused it, in one line.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Transparent errors say the same as their source.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the words of what failed last on this thread.
pub(crate) fn remember(text: String) {
    // A thread that is ending has no place for it any more.
    let _ = LAST.try_with(|last| *last.borrow_mut() = text);
}

/// The words of what failed last on this thread.
pub(crate) fn last() -> String {
    LAST.try_with(|last| last.borrow().clone())
        .unwrap_or_default()
}
