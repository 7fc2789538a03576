//! What a client puts on the wire, spelled out: HPACK representations and the frames around them.

use nearcall_transport::authority::Filter;
use nearcall_transport::preface::HTTP2_PREFACE;

/// How a header field is written (RFC 7541 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    Incremental,
    Without,
    Never,
}

pub(crate) const SPELLINGS: [Spelling; 3] =
    [Spelling::Incremental, Spelling::Without, Spelling::Never];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Name<'a> {
    Index(usize),
    Plain(&'a str),
    Huffman(&'a str),
}

/// How a client may name `:authority` in its first request.
pub(crate) const AUTHORITY_NAMES: [Name<'static>; 3] = [
    Name::Index(1),
    Name::Plain(":authority"),
    Name::Huffman(":authority"),
];

pub(crate) fn literal(spelling: Spelling, name: Name<'_>, value: &[u8], huffman: bool) -> Vec<u8> {
    let (prefix, flag) = match spelling {
        Spelling::Incremental => (6, 0x40),
        Spelling::Without => (4, 0x00),
        Spelling::Never => (4, 0x10),
    };
    let mut field = match name {
        Name::Index(index) => integer(index, prefix, flag),
        Name::Plain(name) => [vec![flag], string(name.as_bytes(), false)].concat(),
        Name::Huffman(name) => [vec![flag], string(name.as_bytes(), true)].concat(),
    };
    field.extend(string(value, huffman));
    field
}

pub(crate) fn indexed(index: usize) -> Vec<u8> {
    integer(index, 7, 0x80)
}

pub(crate) fn size_update(size: usize) -> Vec<u8> {
    integer(size, 5, 0x20)
}

pub(crate) fn string(value: &[u8], huffman: bool) -> Vec<u8> {
    let coded = if huffman {
        let mut coded = Vec::new();
        httlib_huffman::encode(value, &mut coded).unwrap();
        coded
    } else {
        value.to_vec()
    };
    let mut string = integer(coded.len(), 7, if huffman { 0x80 } else { 0 });
    string.extend(coded);
    string
}

pub(crate) fn integer(mut value: usize, prefix: u32, flag: u8) -> Vec<u8> {
    let most = (1 << prefix) - 1;
    if value < most {
        return vec![flag | value as u8];
    }
    let mut octets = vec![flag | most as u8];
    value -= most;
    while value >= 0x80 {
        octets.push(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    octets.push(value as u8);
    octets
}

/// `:method: POST`, `:scheme: http`, `:path: /`, all from the static table.
pub(crate) fn request_start() -> Vec<u8> {
    vec![0x83, 0x86, 0x84]
}

/// How a header block is cut into frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Framing {
    pub(crate) padding: Option<u8>,
    pub(crate) priority: bool,
    /// Where the block is cut; the first piece goes into HEADERS, the others into CONTINUATION.
    pub(crate) cuts: Vec<usize>,
}

pub(crate) const HEADERS: u8 = 0x1;
pub(crate) const CONTINUATION: u8 = 0x9;
pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
pub(crate) const PADDED: u8 = 0x8;
pub(crate) const PRIORITY: u8 = 0x20;

impl Framing {
    pub(crate) fn headers(&self, stream: u32, block: &[u8]) -> Vec<u8> {
        let mut pieces = Vec::new();
        let mut from = 0;
        for &cut in &self.cuts {
            let cut = cut.clamp(from, block.len());
            pieces.push(&block[from..cut]);
            from = cut;
        }
        pieces.push(&block[from..]);

        let mut frames = Vec::new();
        let last = pieces.len() - 1;
        for (number, piece) in pieces.iter().enumerate() {
            let end = if number == last { END_HEADERS } else { 0 };
            if number > 0 {
                frames.extend(frame(CONTINUATION, end, stream, piece));
                continue;
            }
            let mut flags = END_STREAM | end;
            let mut payload = Vec::new();
            if let Some(padding) = self.padding {
                flags |= PADDED;
                payload.push(padding);
            }
            if self.priority {
                flags |= PRIORITY;
                payload.extend([0, 0, 0, 0, 15]);
            }
            payload.extend(*piece);
            payload.extend(vec![0; usize::from(self.padding.unwrap_or(0))]);
            frames.extend(frame(HEADERS, flags, stream, &payload));
        }
        frames
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The preface of a connection and the client's empty SETTINGS.
pub(crate) fn opening() -> Vec<u8> {
    [&HTTP2_PREFACE[..], &frame(0x4, 0, 0, b"")].concat()
}

/// A connection of requests, one header block each.
pub(crate) fn connection(framing: &Framing, blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = opening();
    for (number, block) in blocks.iter().enumerate() {
        bytes.extend(framing.headers(2 * number as u32 + 1, block));
    }
    bytes
}

/// What the filter makes of `bytes` when they arrive in pieces that end at `cuts`.
pub(crate) fn filtered(mut filter: Filter, bytes: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut healed = Vec::new();
    let mut from = 0;
    for &cut in cuts.iter().chain([&bytes.len()]) {
        let piece = &bytes[from..cut.clamp(from, bytes.len())];
        let mut out = Vec::new();
        let kept = filter.follow(piece, &mut out);
        healed.extend(&piece[..kept]);
        healed.extend(out);
        from += piece.len();
    }
    let mut out = Vec::new();
    filter.finish(&mut out);
    healed.extend(out);
    healed
}

pub(crate) fn whole(bytes: &[u8]) -> Vec<u8> {
    filtered(Filter::new(), bytes, &[])
}
