//! Messages that come in, whole or in pieces.

use bytes::{Buf, Bytes, BytesMut};

use super::Connection;
use crate::credit::cost;
use crate::frame::Kind;
use crate::limits::COPIED_BYTES_MAX;
use crate::stream::Assembly;
use crate::violation::Violation;

/// Bytes that are set aside at once for small messages.
const KEPT_BYTES: usize = 4 * 1_024;

/// A piece of a message.
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    pub(super) total: Option<u32>,
    pub(super) more: bool,
}

impl Connection {
    /// The bytes of a message, apart from the buffer they were read in if they are few.
    pub(super) fn take_out(&mut self, read: &mut BytesMut, length: usize) -> Bytes {
        if length == 0 {
            return Bytes::new();
        }
        if length > COPIED_BYTES_MAX {
            return read.split_to(length).freeze();
        }
        if self.kept.capacity() < length {
            self.kept.reserve(KEPT_BYTES);
        }
        self.kept
            .extend_from_slice(read.get(..length).unwrap_or_default());
        read.advance(length);
        self.kept.split().freeze()
    }

    /// Takes in a piece: the whole message once it is there, unless nobody wants it.
    pub(super) fn take_in(
        &mut self,
        kind: Kind,
        id: u64,
        piece: Piece,
    ) -> Result<Option<Bytes>, Violation> {
        let Self {
            streams,
            read,
            limits,
            ..
        } = self;
        let Some(stream) = streams.get_mut(&id) else {
            return Ok(None);
        };
        let Some(assembly) = &mut stream.assembly else {
            let length = match (piece.total, piece.more) {
                (None, false) => piece.bytes.len(),
                (Some(total), _)
                    if usize::try_from(total).is_ok_and(|total| total > piece.bytes.len()) =>
                {
                    usize::try_from(total).unwrap_or(usize::MAX)
                }
                (Some(_), _) => {
                    return Err(Violation::Malformed {
                        kind,
                        expected: "a whole message that is longer than its first piece",
                    });
                }
                (None, true) => {
                    return Err(Violation::OutOfOrder {
                        kind,
                        stream: id,
                        expected: "a first piece with the length of the whole message",
                    });
                }
            };
            if u32::try_from(length).map_or(true, |length| length > limits.message_bytes) {
                return Err(Violation::MessageTooLong {
                    stream: id,
                    length: u64::try_from(length).unwrap_or(u64::MAX),
                    max: limits.message_bytes,
                });
            }
            let cost = cost(length);
            if !stream.read.spend(cost) || !read.spend(cost) {
                return Err(Violation::CreditExceeded { stream: id });
            }
            if stream.silent {
                read.take(cost);
            }
            if !piece.more {
                return Ok((!stream.silent).then_some(piece.bytes));
            }
            let mut bytes = BytesMut::new();
            if !stream.silent {
                bytes.reserve(length);
                bytes.extend_from_slice(&piece.bytes);
            }
            stream.assembly = Some(Box::new(Assembly {
                bytes,
                total: length,
                left: length.saturating_sub(piece.bytes.len()),
                discarded: stream.silent,
            }));
            return Ok(None);
        };
        if piece.total.is_some() {
            return Err(unfinished(kind, id));
        }
        let left = assembly.left.checked_sub(piece.bytes.len());
        match left {
            Some(left) if piece.more == (left > 0) && !piece.bytes.is_empty() => {
                assembly.left = left;
            }
            _ => {
                return Err(Violation::Malformed {
                    kind,
                    expected: "pieces that add up to the length of the whole message",
                });
            }
        }
        if !assembly.discarded {
            assembly.bytes.extend_from_slice(&piece.bytes);
        }
        if piece.more {
            return Ok(None);
        }
        let whole = stream.assembly.take().filter(|whole| !whole.discarded);
        Ok(whole.map(|whole| whole.bytes.freeze()))
    }
}

pub(super) fn unfinished(kind: Kind, stream: u64) -> Violation {
    Violation::OutOfOrder {
        kind,
        stream,
        expected: "the other pieces of the message that began",
    }
}
