//! gRPC's five bytes before each message, which generated code writes and reads and the lane has no use for.
//!
//! Source: the gRPC over HTTP/2 protocol, "Length-Prefixed-Message": a flag, and the length, most significant byte first.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tonic::Status;

use crate::limits::COPIED_MESSAGE_BYTES_MAX;
use crate::status::Reason;

/// The flag and the length.
pub(crate) const PREFIX_LEN: usize = 5;

/// A message with its prefix, in one piece or two: a long message is not copied for the sake of five bytes.
pub(crate) fn with_prefix(message: Bytes) -> (Bytes, Option<Bytes>) {
    let copied = message.len() <= COPIED_MESSAGE_BYTES_MAX;
    let room = if copied { message.len() } else { 0 };
    let mut framed = BytesMut::with_capacity(PREFIX_LEN + room);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    if copied {
        framed.put_slice(&message);
        return (framed.freeze(), None);
    }
    (framed.freeze(), Some(message))
}

/// Takes the messages out of what generated code writes, however it cuts it.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// What came of a message that is not complete.
    held: BytesMut,
    chunk: Bytes,
}

impl Messages {
    /// More bytes; those before must have been taken.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        if self.held.is_empty() && self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            let rest = std::mem::take(&mut self.chunk);
            self.held.extend_from_slice(&rest);
            self.held.extend_from_slice(&chunk);
        }
    }

    /// The next whole message.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Status> {
        if self.held.is_empty() {
            let Some(length) = length_of(&self.chunk)? else {
                return Ok(None);
            };
            let mut message = if self.chunk.len() == PREFIX_LEN + length {
                std::mem::take(&mut self.chunk)
            } else {
                self.chunk.split_to(PREFIX_LEN + length)
            };
            message.advance(PREFIX_LEN);
            return Ok(Some(message));
        }
        let Some(length) = length_of(&self.held)? else {
            return Ok(None);
        };
        let mut message = self.held.split_to(PREFIX_LEN + length).freeze();
        message.advance(PREFIX_LEN);
        Ok(Some(message))
    }

    /// Whether nothing is left of a message.
    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.chunk.is_empty()
    }
}

/// The length of the message at the front, if all of it is there.
fn length_of(bytes: &[u8]) -> Result<Option<usize>, Status> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX_LEN>() else {
        return Ok(None);
    };
    let [flag, a, b, c, d] = *prefix;
    if flag != 0 {
        return Err(Reason::ProtocolViolated
            .status("expected a message that is not compressed, as both ends are on one machine"));
    }
    let length = u32::from_be_bytes([a, b, c, d]);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok((rest.len() >= length).then_some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_the_bytes_are_cut() {
        let messages: Vec<Bytes> = [0_usize, 1, 30, COPIED_MESSAGE_BYTES_MAX + 1]
            .into_iter()
            .map(|length| Bytes::from(vec![7; length]))
            .collect();
        let mut written = Vec::new();
        for message in &messages {
            let (first, second) = with_prefix(message.clone());
            written.extend_from_slice(&first);
            written.extend_from_slice(&second.unwrap_or_default());
        }
        for size in [1, 2, 5, 6, 17, written.len()] {
            let mut found = Vec::new();
            let mut cut = Messages::default();
            for chunk in written.chunks(size) {
                cut.push(Bytes::copy_from_slice(chunk));
                while let Some(message) = cut.next().unwrap() {
                    found.push(message);
                }
            }
            assert!(cut.is_empty(), "{size}");
            assert_eq!(found, messages, "{size}");
        }
    }

    #[test]
    fn a_compressed_message_is_refused() {
        let mut cut = Messages::default();
        cut.push(Bytes::from_static(&[1, 0, 0, 0, 0]));
        assert!(cut.next().is_err());
    }
}
