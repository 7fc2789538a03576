//! Where what went wrong becomes a [`Status`].
//!
//! Every status that nearcall itself makes carries a `google.rpc.ErrorInfo` with the domain [`DOMAIN`] and a stable
//! [`Reason`]; programs go by the reason, people read the message. `docs/errors.md` lists them.

use std::fmt;
use std::time::Duration;

use nearcall_lane::CommandError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::lane::Ended;
use crate::report;

/// The domain of nearcall's own `ErrorInfo` details.
pub const DOMAIN: &str = "nearcall";

/// Why nearcall itself ended a call. The spelled-out form is on the wire and is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The deadline of the call passed.
    DeadlineExceeded,
    /// The server carries out as many unary calls as it may.
    TooManyCalls,
    /// The server has as many streams open as it may.
    TooManyStreams,
    /// The peer's user may not call this server.
    PeerRefused,
    /// The handler panicked.
    HandlerPanicked,
    /// The server is stopping and took no new call.
    Draining,
    /// The server stopped before the call ended.
    CutOff,
    /// Nothing travelled on the stream for as long as the server allows.
    StreamIdle,
    /// The server has no such service.
    UnknownService,
    /// The service has no such method.
    UnknownMethod,
    /// Nobody could be reached at the address.
    ConnectFailed,
    /// The connection broke before the answer was complete.
    ConnectionLost,
    /// The peer broke the rules of HTTP/2 or gRPC.
    ProtocolViolated,
    /// The other side gave the call up.
    Cancelled,
    /// The caller was gone before its last message, as a handler that still reads them learns.
    CallerGone,
    /// A message, metadata or the details of a status are larger than the wire takes.
    TooLarge,
    /// The call to a bridge does not carry the bridge's token.
    TokenRefused,
    /// The call to a bridge comes from a web page, or by a name that is not the bridge's.
    OriginRefused,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Self; 18] = [
        Self::DeadlineExceeded,
        Self::TooManyCalls,
        Self::TooManyStreams,
        Self::PeerRefused,
        Self::HandlerPanicked,
        Self::Draining,
        Self::CutOff,
        Self::StreamIdle,
        Self::UnknownService,
        Self::UnknownMethod,
        Self::ConnectFailed,
        Self::ConnectionLost,
        Self::ProtocolViolated,
        Self::Cancelled,
        Self::CallerGone,
        Self::TooLarge,
        Self::TokenRefused,
        Self::OriginRefused,
    ];

    /// As `ErrorInfo.reason` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::TooManyCalls => "TOO_MANY_CALLS",
            Self::TooManyStreams => "TOO_MANY_STREAMS",
            Self::PeerRefused => "PEER_REFUSED",
            Self::HandlerPanicked => "HANDLER_PANICKED",
            Self::Draining => "DRAINING",
            Self::CutOff => "CUT_OFF",
            Self::StreamIdle => "STREAM_IDLE",
            Self::UnknownService => "UNKNOWN_SERVICE",
            Self::UnknownMethod => "UNKNOWN_METHOD",
            Self::ConnectFailed => "CONNECT_FAILED",
            Self::ConnectionLost => "CONNECTION_LOST",
            Self::ProtocolViolated => "PROTOCOL_VIOLATED",
            Self::Cancelled => "CANCELLED",
            Self::CallerGone => "CALLER_GONE",
            Self::TooLarge => "TOO_LARGE",
            Self::TokenRefused => "TOKEN_REFUSED",
            Self::OriginRefused => "ORIGIN_REFUSED",
        }
    }

    /// The status code that goes with the reason.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::TooManyCalls | Self::TooManyStreams | Self::TooLarge => Code::ResourceExhausted,
            Self::PeerRefused | Self::OriginRefused => Code::PermissionDenied,
            Self::HandlerPanicked | Self::ProtocolViolated => Code::Internal,
            Self::Draining
            | Self::CutOff
            | Self::StreamIdle
            | Self::ConnectFailed
            | Self::ConnectionLost => Code::Unavailable,
            Self::UnknownService | Self::UnknownMethod => Code::Unimplemented,
            Self::Cancelled => Code::Cancelled,
            Self::CallerGone => Code::Aborted,
            Self::TokenRefused => Code::Unauthenticated,
        }
    }

    /// The reason that a status names, where it is one of nearcall's own.
    #[must_use]
    pub fn of(status: &Status) -> Option<Self> {
        let info = status.get_details_error_info()?;
        if info.domain != DOMAIN {
            return None;
        }
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == info.reason)
    }

    /// A status with this reason.
    pub fn status(self, message: impl Into<String>) -> Status {
        self.status_with(message, |_| {})
    }

    /// A status with this reason that tells the caller when to come again.
    pub fn status_with_retry(self, message: impl Into<String>, delay: Duration) -> Status {
        self.status_with(message, |details| {
            details.set_retry_info(Some(delay));
        })
    }

    fn status_with(
        self,
        message: impl Into<String>,
        add: impl FnOnce(&mut ErrorDetails),
    ) -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(self.as_str(), DOMAIN, std::collections::HashMap::new());
        add(&mut details);
        Status::with_error_details(self.code(), message, details)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an HTTP/2 failure means to a handler that reads the caller's messages.
///
/// It is never CANCELLED: tonic takes that for the end of the messages, and a handler would take half an upload for a
/// whole one.
pub(crate) fn from_caller(error: &hyper::Error) -> Status {
    let status = from_hyper(error);
    match status.code() {
        Code::Cancelled => {
            Reason::CallerGone.status("the caller gave the call up before its last message")
        }
        Code::Unavailable => {
            Reason::CallerGone.status("the caller was gone before its last message")
        }
        _ => status,
    }
}

/// Why the lane does not take what a call wants to send.
pub(crate) fn from_command(error: &CommandError) -> Status {
    let reason = match error {
        CommandError::GoingAway => Reason::Draining,
        CommandError::HelloPending | CommandError::Over | CommandError::Gone { .. } => {
            Reason::ConnectionLost
        }
        CommandError::TooManyCalls { .. } => Reason::TooManyCalls,
        CommandError::MessageTooLong { .. }
        | CommandError::MetadataTooLarge { .. }
        | CommandError::DetailsTooLong { .. } => Reason::TooLarge,
        _ => Reason::ProtocolViolated,
    };
    reason.status(error.to_string())
}

/// What the end of a lane's connection means to the calls on it.
pub(crate) fn lane_ended(how: &Ended) -> Status {
    match how {
        Ended::Violated(_) | Ended::Told(_) => Reason::ProtocolViolated.status(report::line(how)),
        how => lost(how),
    }
}

/// What an HTTP/2 failure means to the caller.
///
/// Source: the gRPC over HTTP/2 protocol, "Errors", which maps the codes of RST_STREAM.
pub(crate) fn from_hyper(error: &hyper::Error) -> Status {
    let http2 = report::causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>());
    http2.map_or_else(|| lost(error), from_h2)
}

fn from_h2(error: &h2::Error) -> Status {
    let Some(reason) = error.reason() else {
        return lost(error);
    };
    match reason {
        h2::Reason::CANCEL => Reason::Cancelled.status("the server gave the call up"),
        h2::Reason::REFUSED_STREAM => Reason::Draining.status("the server took no new call"),
        h2::Reason::NO_ERROR if error.is_go_away() => {
            Reason::Draining.status("the server is stopping")
        }
        h2::Reason::ENHANCE_YOUR_CALM => {
            Reason::TooManyCalls.status("the server finds that this peer asks too much of it")
        }
        reason => Reason::ProtocolViolated.status(format!(
            "the server ended the call with HTTP/2 error {reason}"
        )),
    }
}

fn lost(error: &(dyn std::error::Error + 'static)) -> Status {
    let text = report::line(error);
    Reason::ConnectionLost.status(format!(
        "the connection to the server broke before the answer was complete: {text}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_again_in_its_status() {
        for reason in Reason::ALL {
            let status = reason.status("told in words");
            assert_eq!(status.code(), reason.code());
            assert_eq!(Reason::of(&status), Some(reason));
        }
        assert_eq!(Reason::of(&Status::unavailable("from elsewhere")), None);
    }
}
