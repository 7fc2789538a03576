//! One frame: its header, its kind, and what is in it. Numbers are little-endian throughout.

use std::fmt;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;

use crate::head::{Call, End, cut};
use crate::limits::{
    CREDIT_MAX, DETAILS_BYTES_MAX, FRAME_BYTES_MAX, Limits, PIECE_BYTES_MAX, TEXT_BYTES_MAX,
};
use crate::metadata::{put, put_sized, read};
use crate::reader::Reader;
use crate::table::{ReadTable, WriteTable};
use crate::violation::Violation;

/// What both sides send before their first frame. No HTTP version begins so, nor any text.
pub const MAGIC: [u8; 8] = *b"\x89NCALL\r\n";

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 16;

/// The versions that this crate speaks.
pub const VERSIONS: (u16, u16) = (1, 1);

/// In place of a timeout in nanoseconds: the caller waits for as long as it takes.
const NO_TIMEOUT: u64 = u64::MAX;

/// The kinds from here on may be skipped by who does not know them.
const SKIPPABLE: u8 = 0x80;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// What the sender speaks and takes; first, once, both ways.
    Hello = 1,
    /// A call begins.
    Call = 2,
    /// Metadata before the first message of an answer.
    Headers = 3,
    /// A message, or a piece of one.
    Message = 4,
    /// The caller sends no more.
    Close = 5,
    /// The call ended.
    End = 6,
    /// The caller gave up.
    Cancel = 7,
    /// More may be sent.
    Credit = 8,
    /// Are you there?
    Ping = 9,
    /// Yes.
    Pong = 10,
    /// The sender takes no more calls.
    GoAway = 11,
}

impl Kind {
    const ALL: [Self; 11] = [
        Self::Hello,
        Self::Call,
        Self::Headers,
        Self::Message,
        Self::Close,
        Self::End,
        Self::Cancel,
        Self::Credit,
        Self::Ping,
        Self::Pong,
        Self::GoAway,
    ];

    fn of(byte: u8) -> Option<Self> {
        let index = usize::from(byte.checked_sub(1)?);
        Self::ALL.get(index).copied()
    }

    /// The flags that a frame of this kind may have.
    const fn flags(self) -> u8 {
        match self {
            Self::Call => LAST | MESSAGE,
            Self::Message => LAST | MORE | TOTAL,
            Self::End => MESSAGE | HEADERS,
            _ => 0,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Call => "CALL",
            Self::Headers => "HEADERS",
            Self::Message => "MESSAGE",
            Self::Close => "CLOSE",
            Self::End => "END",
            Self::Cancel => "CANCEL",
            Self::Credit => "CREDIT",
            Self::Ping => "PING",
            Self::Pong => "PONG",
            Self::GoAway => "GOAWAY",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Flag of CALL and MESSAGE: the caller sends no more.
const LAST: u8 = 0x01;
/// Flag of CALL and END: what is left of the frame is a whole message.
const MESSAGE: u8 = 0x02;
/// Flag of MESSAGE: other pieces follow.
const MORE: u8 = 0x04;
/// Flag of MESSAGE: the first piece of several; the length of the whole comes before it.
const TOTAL: u8 = 0x08;
/// Flag of END: a block of initial metadata comes before the trailers.
const HEADERS: u8 = 0x10;

/// The first bytes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) length: u32,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u64,
}

impl Header {
    /// The header, once it is there.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let ([kind, flags, _, _], rest) = rest.split_first_chunk::<4>()?;
        let (stream, _) = rest.split_first_chunk::<8>()?;
        Some(Self {
            length: u32::from_le_bytes(*length),
            kind: *kind,
            flags: *flags,
            stream: u64::from_le_bytes(*stream),
        })
    }

    /// The body's length, if a frame may have it.
    pub(crate) fn body(&self) -> Result<usize, Violation> {
        match usize::try_from(self.length) {
            Ok(length) if length <= FRAME_BYTES_MAX => Ok(length),
            _ => Err(Violation::FrameTooLong {
                length: self.length,
                max: FRAME_BYTES_MAX,
            }),
        }
    }

    /// The frame's kind; none where it is one to skip.
    pub(crate) fn kind(&self) -> Result<Option<Kind>, Violation> {
        let Some(kind) = Kind::of(self.kind) else {
            return if self.kind >= SKIPPABLE {
                Ok(None)
            } else {
                Err(Violation::UnknownKind { kind: self.kind })
            };
        };
        if self.flags & !kind.flags() != 0 {
            return Err(Violation::UnknownFlags {
                kind,
                flags: self.flags,
            });
        }
        let on_stream = match kind {
            Kind::Hello | Kind::Ping | Kind::Pong | Kind::GoAway => false,
            Kind::Credit => self.stream != 0,
            _ => true,
        };
        if on_stream == (self.stream == 0) {
            return Err(Violation::WrongStream {
                kind,
                stream: self.stream,
            });
        }
        Ok(Some(kind))
    }
}

/// What a side says of itself first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// The lowest version that it speaks.
    pub version_min: u16,
    /// The highest version that it speaks.
    pub version_max: u16,
    /// What it can do beside, a bit each; unknown ones are ignored, and none is known yet.
    pub features: u64,
    /// What it takes.
    pub limits: Limits,
}

/// A frame without the bytes of its message, which are always the last of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Hello(Hello),
    Call {
        call: Box<Call>,
        message: bool,
        last: bool,
    },
    Headers(Box<HeaderMap>),
    Piece {
        total: Option<u32>,
        more: bool,
        last: bool,
    },
    Close,
    End {
        headers: Option<Box<HeaderMap>>,
        end: Box<End>,
        message: bool,
    },
    Cancel,
    Credit(u32),
    Ping(u64),
    Pong(u64),
    GoAway {
        last: u64,
        code: u16,
        text: String,
    },
}

/// Reads a frame's body: what it says, and how many of its last bytes are a message.
pub(crate) fn decode(
    kind: Kind,
    flags: u8,
    body: &[u8],
    table: &mut ReadTable,
) -> Result<(Frame, usize), Violation> {
    let has = |flag: u8| flags & flag != 0;
    let mut reader = Reader::new(kind, body);
    let frame = match kind {
        Kind::Hello => {
            // What a later version adds at its end is left unread.
            return Ok((Frame::Hello(hello(&mut reader)?), 0));
        }
        Kind::Call => {
            let nanos = reader.u64("a timeout")?;
            let path = table.path(&mut reader)?;
            let call = Call {
                path,
                timeout: (nanos != NO_TIMEOUT).then(|| Duration::from_nanos(nanos)),
                metadata: read(&mut reader, table)?,
            };
            Frame::Call {
                call: Box::new(call),
                message: has(MESSAGE),
                last: has(LAST),
            }
        }
        Kind::Headers => Frame::Headers(Box::new(read(&mut reader, table)?)),
        Kind::Message => {
            let (more, last) = (has(MORE), has(LAST));
            if (more && last) || (has(TOTAL) && !more) {
                return Err(reader.malformed("flags of a piece that go together"));
            }
            let total = has(TOTAL).then(|| reader.u32("a length of the whole message"));
            Frame::Piece {
                total: total.transpose()?,
                more,
                last,
            }
        }
        Kind::Close => Frame::Close,
        Kind::End => end(&mut reader, has(HEADERS), has(MESSAGE), table)?,
        Kind::Cancel => Frame::Cancel,
        Kind::Credit => Frame::Credit(reader.u32("an amount")?),
        Kind::Ping => Frame::Ping(reader.u64("eight bytes")?),
        Kind::Pong => Frame::Pong(reader.u64("eight bytes")?),
        Kind::GoAway => Frame::GoAway {
            last: reader.u64("the last call's id")?,
            code: reader.u16("a code")?,
            text: text(&mut reader)?,
        },
    };
    if has(MESSAGE) || kind == Kind::Message {
        let length = reader.rest().len();
        if length > PIECE_BYTES_MAX {
            return Err(reader.malformed("at most 68 KiB of a message"));
        }
        return Ok((frame, length));
    }
    reader.end()?;
    Ok((frame, 0))
}

fn hello(reader: &mut Reader<'_>) -> Result<Hello, Violation> {
    let hello = Hello {
        version_min: reader.u16("the lowest version")?,
        version_max: reader.u16("the highest version")?,
        features: reader.u64("features")?,
        limits: Limits {
            message_bytes: reader.u32("the longest message")?,
            stream_window: reader.u32("a stream's window")?,
            connection_window: reader.u32("the connection's window")?,
            calls: reader.u32("the most calls")?,
            table_entries: reader.u16("the most entries to remember")?,
            table_bytes: reader.u16("the most bytes to remember")?,
        },
    };
    let limits = &hello.limits;
    if hello.version_min > hello.version_max {
        return Err(reader.malformed("a lowest version that is not above the highest"));
    }
    if limits.stream_window > CREDIT_MAX || limits.connection_window > CREDIT_MAX {
        return Err(reader.malformed("windows below 2 GiB"));
    }
    Ok(hello)
}

fn end(
    reader: &mut Reader<'_>,
    headers: bool,
    message: bool,
    table: &mut ReadTable,
) -> Result<Frame, Violation> {
    let code = reader.u16("a code")?;
    let text = text(reader)?;
    let details = reader.sized(DETAILS_BYTES_MAX, "details")?;
    let headers = headers.then(|| read(reader, table)).transpose()?;
    Ok(Frame::End {
        headers: headers.map(Box::new),
        end: Box::new(End {
            code,
            text,
            details: Bytes::copy_from_slice(details),
            trailers: read(reader, table)?,
        }),
        message,
    })
}

fn text(reader: &mut Reader<'_>) -> Result<String, Violation> {
    let bytes = reader.sized(TEXT_BYTES_MAX, "a text")?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(reader.malformed("UTF-8")),
    }
}

/// Writes a frame but for its message, whose length is given where there is one.
pub(crate) fn encode(
    out: &mut BytesMut,
    stream: u64,
    frame: &Frame,
    message_length: usize,
    table: &mut WriteTable,
) {
    let start = out.len();
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    let (kind, flags) = match frame {
        Frame::Hello(_) => (Kind::Hello, 0),
        Frame::Call { message, last, .. } => {
            (Kind::Call, flag(*message, MESSAGE) | flag(*last, LAST))
        }
        Frame::Headers(_) => (Kind::Headers, 0),
        Frame::Piece { total, more, last } => {
            let total = flag(total.is_some(), TOTAL);
            (Kind::Message, flag(*more, MORE) | flag(*last, LAST) | total)
        }
        Frame::Close => (Kind::Close, 0),
        Frame::End {
            headers, message, ..
        } => {
            let headers = flag(headers.is_some(), HEADERS);
            (Kind::End, flag(*message, MESSAGE) | headers)
        }
        Frame::Cancel => (Kind::Cancel, 0),
        Frame::Credit(_) => (Kind::Credit, 0),
        Frame::Ping(_) => (Kind::Ping, 0),
        Frame::Pong(_) => (Kind::Pong, 0),
        Frame::GoAway { .. } => (Kind::GoAway, 0),
    };
    out.put_slice(&[0, 0, 0, 0, kind as u8, flags, 0, 0]);
    out.put_u64_le(stream);
    let body = out.len();
    encode_body(out, frame, table);
    let length = out
        .len()
        .saturating_sub(body)
        .saturating_add(message_length);
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *place = length.to_le_bytes();
    }
}

fn encode_body(out: &mut BytesMut, frame: &Frame, table: &mut WriteTable) {
    match frame {
        Frame::Hello(hello) => {
            let limits = &hello.limits;
            out.put_u16_le(hello.version_min);
            out.put_u16_le(hello.version_max);
            out.put_u64_le(hello.features);
            out.put_u32_le(limits.message_bytes);
            out.put_u32_le(limits.stream_window.min(CREDIT_MAX));
            out.put_u32_le(limits.connection_window.min(CREDIT_MAX));
            out.put_u32_le(limits.calls);
            out.put_u16_le(limits.table_entries);
            out.put_u16_le(limits.table_bytes);
        }
        Frame::Call { call, .. } => {
            let nanos = call.timeout.map_or(NO_TIMEOUT, |timeout| {
                u64::try_from(timeout.as_nanos()).unwrap_or(NO_TIMEOUT)
            });
            out.put_u64_le(nanos);
            table.put_path(out, &call.path);
            put(out, &call.metadata, table);
        }
        Frame::Headers(metadata) => put(out, metadata, table),
        Frame::Piece { total, .. } => {
            if let Some(total) = total {
                out.put_u32_le(*total);
            }
        }
        Frame::End { headers, end, .. } => {
            out.put_u16_le(end.code);
            put_sized(out, cut(&end.text).as_bytes());
            put_sized(out, &end.details);
            if let Some(headers) = headers {
                put(out, headers, table);
            }
            put(out, &end.trailers, table);
        }
        Frame::Close | Frame::Cancel => {}
        Frame::Credit(amount) => out.put_u32_le(*amount),
        Frame::Ping(data) | Frame::Pong(data) => out.put_u64_le(*data),
        Frame::GoAway { last, code, text } => {
            out.put_u64_le(*last);
            out.put_u16_le(*code);
            put_sized(out, cut(text).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
