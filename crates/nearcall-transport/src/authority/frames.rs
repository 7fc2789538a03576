//! HTTP/2 framing, as far as header blocks need it (RFC 9113 sections 4.1, 6.2 and 6.10).

use std::borrow::Cow;
use std::ops::Range;

/// Length of a frame's head.
pub(super) const HEAD_LEN: usize = 9;

/// The longest payload that every server must accept (`SETTINGS_MAX_FRAME_SIZE`, RFC 9113 section 6.5.2).
const PAYLOAD_MAX: usize = 16_384;

const HEADERS: u8 = 0x1;
const PUSH_PROMISE: u8 = 0x5;
const CONTINUATION: u8 = 0x9;

const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// Octets of the priority fields (RFC 9113 section 6.2).
const PRIORITY_LEN: usize = 5;

/// The head of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) payload_len: usize,
    kind: u8,
    flags: u8,
    /// The stream with its reserved bit, as it came.
    stream: [u8; 4],
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, kind, flags, s0, s1, s2, s3] = bytes.first_chunk::<HEAD_LEN>()?;
        Some(Self {
            payload_len: usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?,
            kind,
            flags,
            stream: [s0, s1, s2, s3],
        })
    }

    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Two frames of one stream, whatever their reserved bits say.
    fn same_stream(&self, other: &Self) -> bool {
        u32::from_be_bytes(self.stream) << 1 == u32::from_be_bytes(other.stream) << 1
    }
}

/// What stands at the beginning of some bytes.
#[derive(Debug)]
pub(super) enum Scan {
    /// Cannot be told before this many bytes more (never zero).
    Need(usize),
    /// A frame that carries no part of a header block.
    Other(Head),
    /// HEADERS and all its CONTINUATION, this many bytes long.
    Block(usize),
    /// More bytes than are held, or no legal sequence of frames.
    NotFollowed,
}

/// Walks the frames in `bytes` from `frame_at`, the beginning of a frame, which it moves on: a later call with the same
/// bytes and more behind them goes on from there.
pub(super) fn scan(bytes: &[u8], frame_at: &mut usize, block_max: usize) -> Scan {
    let not_followed = Scan::NotFollowed;
    let mut first = None;
    loop {
        let frame = bytes.get(*frame_at..).unwrap_or_default();
        let Some(head) = Head::read(frame) else {
            return Scan::Need(HEAD_LEN.saturating_sub(frame.len()).max(1));
        };
        if *frame_at == 0 {
            match head.kind {
                HEADERS => {}
                // A client may send neither; the server says so.
                PUSH_PROMISE | CONTINUATION => return not_followed,
                _ => return Scan::Other(head),
            }
        } else {
            let first = *first.get_or_insert_with(|| Head::read(bytes));
            if head.kind != CONTINUATION || !first.is_some_and(|first| first.same_stream(&head)) {
                return not_followed;
            }
        }
        let end = frame_at
            .saturating_add(HEAD_LEN)
            .saturating_add(head.payload_len);
        if end > block_max {
            return not_followed;
        }
        if let Some(missing) = end.checked_sub(bytes.len()).filter(|&missing| missing > 0) {
            return Scan::Need(missing);
        }
        if head.has(END_HEADERS) {
            return Scan::Block(end);
        }
        *frame_at = end;
    }
}

/// The header block in the frames `bytes`, without heads, padding and priority; `None` when its padding is not legal.
/// Borrowed when it is in one piece.
pub(super) fn block(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut whole = Cow::Borrowed(&[][..]);
    let mut rest = bytes;
    while !rest.is_empty() {
        let head = Head::read(rest)?;
        let (frame, behind) = rest.split_at_checked(HEAD_LEN.checked_add(head.payload_len)?)?;
        let fragment = frame.get(fragment(&head, frame)?)?;
        if whole.is_empty() {
            whole = Cow::Borrowed(fragment);
        } else {
            whole.to_mut().extend_from_slice(fragment);
        }
        rest = behind;
    }
    Some(whole)
}

/// Appends `block` as frames in place of `frames`, whose stream, flags and priority it keeps. Padding is dropped: it
/// hides the length of a block whose length changed.
pub(super) fn write(frames: &[u8], block: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let head = Head::read(frames)?;
    let priority: &[u8] = if head.has(PRIORITY) {
        let at = HEAD_LEN.checked_add(usize::from(head.has(PADDED)))?;
        frames.get(at..at.checked_add(PRIORITY_LEN)?)?
    } else {
        &[]
    };
    let (fragment, mut rest) = split_at_most(block, PAYLOAD_MAX.saturating_sub(priority.len()));
    let flags = head.flags & !(END_HEADERS | PADDED) | end_headers(rest);
    write_frame(HEADERS, flags, head.stream, &[priority, fragment], out)?;
    while !rest.is_empty() {
        let (fragment, behind) = split_at_most(rest, PAYLOAD_MAX);
        write_frame(
            CONTINUATION,
            end_headers(behind),
            head.stream,
            &[fragment],
            out,
        )?;
        rest = behind;
    }
    Some(())
}

/// Where in its frame a fragment of a header block lies.
fn fragment(head: &Head, frame: &[u8]) -> Option<Range<usize>> {
    let mut start = HEAD_LEN;
    let mut end = frame.len();
    if head.kind == HEADERS {
        if head.has(PADDED) {
            end = end.checked_sub(usize::from(*frame.get(start)?))?;
            start = start.checked_add(1)?;
        }
        if head.has(PRIORITY) {
            start = start.checked_add(PRIORITY_LEN)?;
        }
    }
    (start <= end).then_some(start..end)
}

fn write_frame(
    kind: u8,
    flags: u8,
    stream: [u8; 4],
    payload: &[&[u8]],
    out: &mut Vec<u8>,
) -> Option<()> {
    let len = payload.iter().map(|part| part.len()).sum::<usize>();
    let [0, len @ ..] = u32::try_from(len).ok()?.to_be_bytes() else {
        return None;
    };
    out.extend_from_slice(&len);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream);
    for part in payload {
        out.extend_from_slice(part);
    }
    Some(())
}

const fn end_headers(behind: &[u8]) -> u8 {
    if behind.is_empty() { END_HEADERS } else { 0 }
}

fn split_at_most(bytes: &[u8], len: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(len).unwrap_or((bytes, &[]))
}
