//! Where what went wrong with frames becomes a [`Status`], with a stable reason that `docs/errors.md` lists.

use std::collections::HashMap;

use nearcall_frames::{NextError, SubscribeError};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::limits::{
    LEASES_MAX, POLLED_BYTES_MAX, TICKETS_MAX, UPLOAD_BYTES_MAX, UPLOADED_BYTES_MAX, UPLOADS_MAX,
};

/// The domain of nearcall's own `ErrorInfo` details.
const DOMAIN: &str = nearcall_rpc::status::DOMAIN;

/// Why a server of frames refused. The spelled-out form is on the wire and is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There is no channel of that name.
    ChannelUnknown,
    /// The channel has no slots, or no places, for one more subscription like this.
    ChannelFull,
    /// The channel cannot keep what was asked for.
    PolicyRefused,
    /// Too many tickets were given and not used yet.
    TooManyTickets,
    /// The ticket is none, was used, is too old, or was another's.
    TicketRefused,
    /// The connection holds as many frames as it may.
    TooManyLeases,
    /// The frame does not fit into one message.
    FrameTooLarge,
    /// The messages of the stream are not in the order that it has.
    StreamMisused,
    /// The memory of the channel is broken.
    ChannelDamaged,
    /// The server takes no such upload: too many bytes, or too many at once.
    UploadRefused,
    /// There is no such upload on this connection, or it was taken, or its client left.
    UploadUnknown,
    /// The commit of an upload, or bulk data, says what cannot be.
    BulkMisused,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Self; 12] = [
        Self::ChannelUnknown,
        Self::ChannelFull,
        Self::PolicyRefused,
        Self::TooManyTickets,
        Self::TicketRefused,
        Self::TooManyLeases,
        Self::FrameTooLarge,
        Self::StreamMisused,
        Self::ChannelDamaged,
        Self::UploadRefused,
        Self::UploadUnknown,
        Self::BulkMisused,
    ];

    /// As `ErrorInfo.reason` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChannelUnknown => "CHANNEL_UNKNOWN",
            Self::ChannelFull => "CHANNEL_FULL",
            Self::PolicyRefused => "POLICY_REFUSED",
            Self::TooManyTickets => "TOO_MANY_TICKETS",
            Self::TicketRefused => "TICKET_REFUSED",
            Self::TooManyLeases => "TOO_MANY_LEASES",
            Self::FrameTooLarge => "FRAME_TOO_LARGE",
            Self::StreamMisused => "STREAM_MISUSED",
            Self::ChannelDamaged => "CHANNEL_DAMAGED",
            Self::UploadRefused => "UPLOAD_REFUSED",
            Self::UploadUnknown => "UPLOAD_UNKNOWN",
            Self::BulkMisused => "BULK_MISUSED",
        }
    }

    /// The status code that goes with the reason.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::ChannelUnknown | Self::UploadUnknown => Code::NotFound,
            Self::ChannelFull
            | Self::TooManyTickets
            | Self::TooManyLeases
            | Self::FrameTooLarge
            | Self::UploadRefused => Code::ResourceExhausted,
            Self::PolicyRefused | Self::StreamMisused | Self::BulkMisused => Code::InvalidArgument,
            Self::TicketRefused => Code::PermissionDenied,
            Self::ChannelDamaged => Code::Internal,
        }
    }

    /// The reason that a status names, where it is one of these.
    #[must_use]
    pub fn of(status: &Status) -> Option<Self> {
        let info = status.get_details_error_info()?;
        let mut all = Self::ALL.into_iter();
        all.find(|reason| info.domain == DOMAIN && reason.as_str() == info.reason)
    }

    pub(crate) fn status(self, message: impl Into<String>) -> Status {
        let details = ErrorDetails::with_error_info(self.as_str(), DOMAIN, HashMap::new());
        Status::with_error_details(self.code(), message, details)
    }
}

/// Why a server gives no frames.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("there is no channel {name:?} here; there is {known}")]
    Unknown { name: String, known: String },
    #[error("the channel ended as it was opened; ask what channels there are")]
    Ended,
    #[error("channel {name:?} takes no such subscription: {source}")]
    Subscribe {
        name: String,
        source: SubscribeError,
    },
    #[error("expected a policy of one kind with numbers in their range, found {found}")]
    Policy { found: String },
    #[error(
        "{TICKETS_MAX} tickets were given and not used yet, which is as many as there may be; use them, or ask again in a few seconds"
    )]
    Tickets,
    #[error(
        "expected a ticket that was given over this connection, to this user, a few seconds ago, and not used yet; open the channel again"
    )]
    Ticket,
    #[error(
        "expected the ticket that a subscription of this channel was opened with, from the user that opened it, while it lasts"
    )]
    NotTheirs,
    #[error(
        "this connection holds {LEASES_MAX} frames, which is as many as it may; release one first"
    )]
    Leases,
    #[error(
        "the frame has {length} bytes, and one message may bring {POLLED_BYTES_MAX}; say can_map, or use Subscribe, which sends frames in pieces"
    )]
    TooLarge { length: usize },
    #[error("expected {expected}, found {found}")]
    Stream {
        expected: &'static str,
        found: &'static str,
    },
    #[error("no memory for another reader could be had: {0}")]
    Memory(String),
    #[error("the file of this subscription cannot be written: {0}; open the channel again")]
    File(String),
    #[error(transparent)]
    Next(NextError),
    #[error(
        "expected an upload of 1 to {UPLOAD_BYTES_MAX} bytes, was asked for {bytes}; send it in parts"
    )]
    UploadSize { bytes: u64 },
    #[error(
        "this connection has {UPLOADS_MAX} uploads open, or all together have {UPLOADED_BYTES_MAX} bytes, which is as many as there may be; commit or leave one first"
    )]
    Uploads,
    #[error(
        "expected an upload that was opened over this connection, whose client is there, and that was not taken yet; open another"
    )]
    Upload,
    #[error("expected the commit of 1 to {most} bytes, found {found}; the upload is used up")]
    Committed { most: usize, found: u64 },
    #[error("expected bytes or an upload, found {found}")]
    Bulk { found: &'static str },
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let reason = match &refused {
            Refused::Unknown { .. } | Refused::Ended => Reason::ChannelUnknown,
            Refused::Subscribe { source, .. } => match source {
                SubscribeError::TooMany | SubscribeError::NoSlots { .. } => Reason::ChannelFull,
                _ => Reason::PolicyRefused,
            },
            Refused::Policy { .. } => Reason::PolicyRefused,
            Refused::Tickets => Reason::TooManyTickets,
            Refused::Ticket | Refused::NotTheirs => Reason::TicketRefused,
            Refused::Leases => Reason::TooManyLeases,
            Refused::TooLarge { .. } => Reason::FrameTooLarge,
            Refused::Stream { .. } => Reason::StreamMisused,
            Refused::File(_) => Reason::ChannelFull,
            Refused::Memory(_)
            | Refused::Next(NextError::Overtaken | NextError::AllHeld { .. }) => {
                Reason::ChannelFull
            }
            Refused::Next(_) => Reason::ChannelDamaged,
            Refused::UploadSize { .. } | Refused::Uploads => Reason::UploadRefused,
            Refused::Upload => Reason::UploadUnknown,
            Refused::Committed { .. } | Refused::Bulk { .. } => Reason::BulkMisused,
        };
        reason.status(refused.to_string())
    }
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
            let other = nearcall_rpc::Reason::of(&status);
            assert_eq!(other, None, "{reason:?} is named twice");
        }
    }
}
