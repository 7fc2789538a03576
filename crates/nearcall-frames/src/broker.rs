//! What a reader and a server say to each other over the socket that passes the descriptors.
//!
//! Every message has one length, and none is as short as a ring of the doorbell. A reader sends its ticket; the server
//! answers with two descriptors, the region's and the return page's, or says why not. After that the socket carries
//! rings.

use crate::header::{field, number, put};
use crate::writer::SubscriptionId;

/// Bytes of a message.
pub const MESSAGE_BYTES: usize = 32;

/// Bytes of a ticket: as many as make guessing hopeless.
pub const TICKET_BYTES: usize = 16;

/// Descriptors that come with [`Message::Granted`]: the region, then the return page.
pub const DESCRIPTORS: usize = 2;

/// The version of these messages.
pub const VERSION: u16 = 1;

mod at {
    pub(super) const KIND: usize = 0;
    pub(super) const VERSION: usize = 2;
    pub(super) const REASON: usize = 4;
    pub(super) const TICKET: usize = 8;
    pub(super) const SUBSCRIPTION: usize = 8;
    pub(super) const EPOCH: usize = 16;
    pub(super) const REGION: usize = 24;
}

const CLAIM: u16 = 1;
const GRANTED: u16 = 2;
const REFUSED: u16 = 3;

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// From a reader: what it got over gRPC, and may use once.
    Claim {
        /// Random bytes.
        ticket: [u8; TICKET_BYTES],
    },
    /// From a server, with [`DESCRIPTORS`] descriptors.
    Granted {
        /// The subscription.
        subscription: SubscriptionId,
        /// The epoch of the region.
        epoch: u64,
        /// The region.
        region: u64,
    },
    /// From a server.
    Refused(Refusal),
}

/// Why a server gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
#[non_exhaustive]
pub enum Refusal {
    /// No such ticket: never given, used before, too old, or its connection is gone.
    Ticket = 1,
    /// The ticket was given to another user.
    Peer = 2,
    /// The channel ended since.
    Ended = 3,
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Another length.
    #[error("expected a message of {MESSAGE_BYTES} bytes, found {found}")]
    Length {
        /// Its length.
        found: usize,
    },
    /// Another version.
    #[error("expected version {VERSION}, found {found}; use peers of one version")]
    Version {
        /// What it says.
        found: u16,
    },
    /// None of the kinds there are.
    #[error("expected a claim, a grant or a refusal, found kind {found}")]
    Kind {
        /// What it says.
        found: u16,
    },
    /// Bytes that have to be zero are not.
    #[error("expected zeros after the message, found something; the peer speaks another version")]
    Rest,
}

impl Message {
    /// The message's bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; MESSAGE_BYTES] {
        let mut bytes = [0; MESSAGE_BYTES];
        put(&mut bytes, at::VERSION, &VERSION.to_le_bytes());
        let kind = match self {
            Self::Claim { ticket } => {
                put(&mut bytes, at::TICKET, ticket);
                CLAIM
            }
            Self::Granted {
                subscription,
                epoch,
                region,
            } => {
                put(
                    &mut bytes,
                    at::SUBSCRIPTION,
                    &subscription.number().to_le_bytes(),
                );
                put(&mut bytes, at::EPOCH, &epoch.to_le_bytes());
                put(&mut bytes, at::REGION, &region.to_le_bytes());
                GRANTED
            }
            Self::Refused(reason) => {
                put(&mut bytes, at::REASON, &(*reason as u16).to_le_bytes());
                REFUSED
            }
        };
        put(&mut bytes, at::KIND, &kind.to_le_bytes());
        bytes
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// The bytes are none. What is not understood is refused whole, so that every message has one spelling.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let found = bytes.len();
        if found != MESSAGE_BYTES {
            return Err(MessageError::Length { found });
        }
        let short = |at| u16::from_le_bytes(field(bytes, at));
        if short(at::VERSION) != VERSION {
            return Err(MessageError::Version {
                found: short(at::VERSION),
            });
        }
        let found = short(at::KIND);
        let message = match found {
            CLAIM => Self::Claim {
                ticket: field(bytes, at::TICKET),
            },
            GRANTED => Self::Granted {
                subscription: SubscriptionId::new(number(bytes, at::SUBSCRIPTION)),
                epoch: number(bytes, at::EPOCH),
                region: number(bytes, at::REGION),
            },
            REFUSED => Self::Refused(match short(at::REASON) {
                1 => Refusal::Ticket,
                2 => Refusal::Peer,
                3 => Refusal::Ended,
                _ => return Err(MessageError::Rest),
            }),
            _ => return Err(MessageError::Kind { found }),
        };
        if message.bytes() != bytes {
            return Err(MessageError::Rest);
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_one_spelling() {
        let messages = [
            Message::Claim { ticket: [7; 16] },
            Message::Granted {
                subscription: SubscriptionId::new(1),
                epoch: 2,
                region: 3,
            },
            Message::Refused(Refusal::Ticket),
            Message::Refused(Refusal::Peer),
            Message::Refused(Refusal::Ended),
        ];
        for message in messages {
            let bytes = message.bytes();
            assert_eq!(Message::parse(&bytes), Ok(message));
            for at in 0..MESSAGE_BYTES {
                let mut other = bytes;
                other[at] ^= 1;
                assert_ne!(
                    Message::parse(&other),
                    Ok(message),
                    "{message:?} with byte {at} changed"
                );
            }
        }
        for length in [0, 1, MESSAGE_BYTES - 1, MESSAGE_BYTES + 1] {
            let found = Message::parse(&vec![0; length]);
            assert_eq!(found, Err(MessageError::Length { found: length }));
        }
    }
}
