//! The filter without the socket: bytes from the client in, healed bytes out.

use super::frames::{self, HEAD_LEN, Scan};
use super::hpack::{Decoder, Malformed, apply};
use super::original::OriginalAuthority;
use crate::preface::HTTP2_PREFACE;

/// Limit: the most bytes of one header block that are followed, its frames' heads and padding included; 16 KiB, as many as
/// the server takes of a header list by default. A longer one ends the following, and the server's own limit answers.
pub const HEADER_BLOCK_MAX: usize = 16 * 1024;

/// Follows what one client sends and heals its authority.
///
/// ```
/// use nearcall_transport::authority::Filter;
///
/// let mut filter = Filter::new();
/// let mut out = Vec::new();
/// let read = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// // How many of the bytes read go on as they are; whatever goes on behind those is in `out`.
/// let kept = filter.follow(read, &mut out);
/// assert_eq!((kept, out.len()), (read.len(), 0));
/// ```
#[derive(Debug)]
pub struct Filter {
    place: Place,
    /// The beginning of a frame or a header block whose end is still to come.
    held: Vec<u8>,
    /// How many bytes `held` wants before it is worth another look.
    need: usize,
    /// Where in `held` the last frame begins.
    frame_at: usize,
    header_block_max: usize,
    decoder: Decoder,
    /// Whether this client ever sent an authority that is none.
    was_bad: bool,
    original: OriginalAuthority,
}

/// Where in the client's bytes the filter stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the preface of the connection, so many bytes in.
    Preface(usize),
    /// At a frame, or in one that is held.
    Frame,
    /// In a payload that means nothing here, so many bytes from its end.
    Payload(usize),
    /// Nowhere: every byte goes on as it came.
    Aside,
}

/// What becomes of the bytes at the front.
enum Step {
    /// So many go on as they are.
    Pass(usize),
    /// So many are held.
    Hold(usize),
    /// So many were taken, and these go on.
    Give(usize, Vec<u8>),
}

impl Filter {
    /// A filter for a new connection, with [`HEADER_BLOCK_MAX`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_header_block_max(HEADER_BLOCK_MAX)
    }

    /// A filter that follows header blocks of at most `header_block_max` bytes.
    #[must_use]
    pub fn with_header_block_max(header_block_max: usize) -> Self {
        Self {
            place: Place::Preface(0),
            held: Vec::new(),
            need: 0,
            frame_at: 0,
            header_block_max,
            decoder: Decoder::new(),
            was_bad: false,
            original: OriginalAuthority::default(),
        }
    }

    /// Takes the next bytes from the client. The first of them, as many as are returned, go on as they are and where
    /// they are; what goes on after those is appended to `out`. At most [`HEADER_BLOCK_MAX`] bytes stay inside, and at most
    /// twice as many bytes go on as came.
    pub fn follow(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let mut kept = 0_usize;
        let mut in_place = true;
        let mut rest = input;
        // Ends: every step takes at least one byte.
        while !rest.is_empty() {
            let taken = match self.step(rest) {
                Step::Pass(len) => {
                    if in_place {
                        kept = kept.saturating_add(len);
                    } else {
                        out.extend_from_slice(rest.get(..len).unwrap_or(rest));
                    }
                    len
                }
                Step::Hold(len) => {
                    in_place = false;
                    len
                }
                Step::Give(len, bytes) => {
                    in_place = false;
                    out.extend_from_slice(&bytes);
                    len
                }
            };
            rest = rest.get(taken.max(1)..).unwrap_or_default();
        }
        kept
    }

    /// The client sends no more: appends what was held, as it came.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.place = Place::Aside;
        out.append(&mut self.held);
    }

    /// Whether every byte from now on goes on as it came, so that the filter may be dropped.
    #[must_use]
    pub const fn is_aside(&self) -> bool {
        matches!(self.place, Place::Aside)
    }

    /// What the client sent as its authority: a handle that fills when the first request arrives.
    #[must_use]
    pub fn original_authority(&self) -> OriginalAuthority {
        self.original.clone()
    }

    fn step(&mut self, input: &[u8]) -> Step {
        match self.place {
            Place::Aside => Step::Pass(input.len()),
            Place::Preface(matched) => self.preface(matched, input),
            Place::Payload(left) => {
                let len = left.min(input.len());
                self.payload(left.saturating_sub(len));
                Step::Pass(len)
            }
            Place::Frame if self.held.is_empty() => self.frame(input),
            Place::Frame => self.held_frame(input),
        }
    }

    fn preface(&mut self, matched: usize, input: &[u8]) -> Step {
        let expected = HTTP2_PREFACE.get(matched..).unwrap_or_default();
        let len = expected.len().min(input.len());
        if input.get(..len) != expected.get(..len) {
            self.place = Place::Aside;
            return Step::Pass(input.len());
        }
        self.place = if len == expected.len() {
            Place::Frame
        } else {
            Place::Preface(matched.saturating_add(len))
        };
        Step::Pass(len)
    }

    /// At a frame, with nothing held: a header block that is all here and clean is never copied.
    fn frame(&mut self, input: &[u8]) -> Step {
        self.frame_at = 0;
        match frames::scan(input, &mut self.frame_at, self.header_block_max) {
            Scan::Need(more) => {
                self.held.extend_from_slice(input);
                self.need = more;
                Step::Hold(input.len())
            }
            Scan::Other(head) => {
                self.payload(head.payload_len);
                Step::Pass(HEAD_LEN)
            }
            Scan::Block(len) => match self.heal(input.get(..len).unwrap_or(input)) {
                Some(healed) => Step::Give(len, healed),
                None => Step::Pass(len),
            },
            Scan::NotFollowed => {
                self.place = Place::Aside;
                Step::Pass(input.len())
            }
        }
    }

    /// In a frame whose beginning is held: takes no more bytes than belong to it.
    fn held_frame(&mut self, input: &[u8]) -> Step {
        let taken = input.get(..self.need).unwrap_or(input);
        self.held.extend_from_slice(taken);
        self.need = self.need.saturating_sub(taken.len());
        let taken = taken.len();
        if self.need > 0 {
            return Step::Hold(taken);
        }
        match frames::scan(&self.held, &mut self.frame_at, self.header_block_max) {
            Scan::Need(more) => {
                self.need = more;
                Step::Hold(taken)
            }
            Scan::Other(head) => {
                self.payload(head.payload_len);
                Step::Give(taken, std::mem::take(&mut self.held))
            }
            Scan::Block(_) => {
                let held = std::mem::take(&mut self.held);
                Step::Give(taken, self.heal(&held).unwrap_or(held))
            }
            Scan::NotFollowed => {
                self.place = Place::Aside;
                Step::Give(taken, std::mem::take(&mut self.held))
            }
        }
    }

    fn payload(&mut self, left: usize) {
        self.place = if left == 0 {
            Place::Frame
        } else {
            Place::Payload(left)
        };
    }

    /// The frames that go on in place of these, or `None` when these do.
    fn heal(&mut self, header_frames: &[u8]) -> Option<Vec<u8>> {
        self.place = Place::Frame;
        self.healed(header_frames).unwrap_or_else(|Malformed| {
            self.place = Place::Aside;
            None
        })
    }

    fn healed(&mut self, header_frames: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
        let block = frames::block(header_frames).ok_or(Malformed)?;
        let reading = self.decoder.read(&block, &self.original)?;
        self.was_bad |= reading.bad;
        if reading.named && !self.was_bad {
            self.place = Place::Aside;
        }
        if reading.edits.is_empty() {
            return Ok(None);
        }
        let edited = apply(&block, &reading.edits).ok_or(Malformed)?;
        let mut healed = Vec::with_capacity(header_frames.len());
        frames::write(header_frames, &edited, &mut healed).ok_or(Malformed)?;
        Ok(Some(healed))
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}
