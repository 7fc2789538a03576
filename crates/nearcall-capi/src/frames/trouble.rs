//! Why no frame comes, as a code and in words.

use nearcall::frames::{NextError, OpenError, Reason};
use nearcall::{Code, Status};

use crate::fault::{Fault, in_full};

/// Why a channel was not opened.
pub(super) fn not_opened(error: &OpenError) -> Fault {
    match error {
        OpenError::Refused(status) => refused(status),
        other => Fault::Broken(in_full(other)),
    }
}

fn refused(status: &Status) -> Fault {
    let words = status.message().to_owned();
    match (Reason::of(status), status.code()) {
        (Some(Reason::ChannelUnknown), _) => Fault::Unknown(words),
        (Some(Reason::PolicyRefused), _) => Fault::Argument(words),
        (Some(Reason::ChannelFull | Reason::TooManyTickets), _) => Fault::Crowded(words),
        (_, Code::Unavailable) => Fault::Connect(words),
        (_, Code::Unimplemented) => {
            Fault::Unknown(format!("the server has no channels of frames: {words}"))
        }
        (_, code) => Fault::Status {
            code,
            message: words,
        },
    }
}

/// Why there is no next frame.
pub(super) fn no_next(error: &NextError) -> Fault {
    match error {
        NextError::AllHeld { .. } => Fault::Held(error.to_string()),
        NextError::Evicted => Fault::Evicted(error.to_string()),
        NextError::Ended(status) => Fault::Status {
            code: status.code(),
            message: status.message().to_owned(),
        },
        // Whoever waits for a server to come back is told why it did not; who it takes for a stranger now, what.
        NextError::Gone(cause) => match not_opened(cause) {
            Fault::Connect(_) => Fault::Connect(in_full(error)),
            other => other,
        },
        _ => Fault::Broken(in_full(error)),
    }
}
