//! Paths and names of metadata that are spelled out once per connection and direction, and named by index from then on.
//!
//! The one who sends decides what is remembered; an entry is known from the byte after it, within the same frame too, and
//! is never forgotten.

use std::collections::HashMap;

use bytes::{BufMut, BytesMut};
use http::HeaderName;
use http::uri::PathAndQuery;

use crate::frame::Kind;
use crate::limits::PATH_BYTES_MAX;
use crate::reader::Reader;
use crate::violation::Violation;

/// In place of an index: the text follows, and is remembered as the next entry.
pub(crate) const REMEMBERED: u16 = 0xfffe;

/// In place of an index: the text follows.
pub(crate) const SPELLED: u16 = 0xffff;

/// What we may refer to by index.
#[derive(Debug, Default)]
pub(crate) struct WriteTable {
    indices: HashMap<Box<str>, u16>,
    entries_left: u16,
    bytes_left: u16,
    /// The one that was looked up last: a client calls the same method again and again.
    last: Option<(PathAndQuery, u16)>,
}

impl WriteTable {
    /// Within what the peer remembers.
    pub(crate) fn new(entries: u16, bytes: u16) -> Self {
        Self {
            indices: HashMap::new(),
            entries_left: entries.min(REMEMBERED),
            bytes_left: bytes,
            last: None,
        }
    }

    pub(crate) fn put_path(&mut self, out: &mut BytesMut, path: &PathAndQuery) {
        match &self.last {
            Some((last, index)) if last == path => out.put_u16_le(*index),
            _ => {
                if let Some(index) = self.put(out, path.as_str()) {
                    self.last = Some((path.clone(), index));
                }
            }
        }
    }

    pub(crate) fn put_name(&mut self, out: &mut BytesMut, name: &HeaderName) {
        self.put(out, name.as_str());
    }

    /// The index by which the text can be named from now on, if it can.
    fn put(&mut self, out: &mut BytesMut, text: &str) -> Option<u16> {
        if let Some(index) = self.indices.get(text) {
            out.put_u16_le(*index);
            return Some(*index);
        }
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        let next = u16::try_from(self.indices.len()).ok();
        let room = self
            .entries_left
            .checked_sub(1)
            .zip(self.bytes_left.checked_sub(length))
            .zip(next);
        let index = match room {
            Some(((entries, bytes), index)) => {
                (self.entries_left, self.bytes_left) = (entries, bytes);
                self.indices.insert(text.into(), index);
                out.put_u16_le(REMEMBERED);
                Some(index)
            }
            None => {
                out.put_u16_le(SPELLED);
                None
            }
        };
        out.put_u16_le(length);
        out.put_slice(text.as_bytes());
        index
    }
}

/// What the peer may refer to by index.
#[derive(Debug)]
pub(crate) struct ReadTable {
    entries: Vec<Entry>,
    entries_max: u16,
    bytes_max: u16,
    bytes_left: u16,
}

#[derive(Debug, Clone)]
enum Entry {
    Path(PathAndQuery),
    Name(HeaderName),
}

impl ReadTable {
    pub(crate) const fn new(entries: u16, bytes: u16) -> Self {
        Self {
            entries: Vec::new(),
            entries_max: entries,
            bytes_max: bytes,
            bytes_left: bytes,
        }
    }

    pub(crate) fn path(&mut self, reader: &mut Reader<'_>) -> Result<PathAndQuery, Violation> {
        self.entry(reader, "path", path, Entry::Path, |entry| match entry {
            Entry::Path(path) => Some(path),
            Entry::Name(_) => None,
        })
    }

    pub(crate) fn name(&mut self, reader: &mut Reader<'_>) -> Result<HeaderName, Violation> {
        self.entry(reader, "name", name, Entry::Name, |entry| match entry {
            Entry::Name(name) => Some(name),
            Entry::Path(_) => None,
        })
    }

    fn entry<T: Clone>(
        &mut self,
        reader: &mut Reader<'_>,
        expected: &'static str,
        parse: fn(&[u8], Kind) -> Result<T, Violation>,
        wrap: fn(T) -> Entry,
        unwrap: fn(&Entry) -> Option<&T>,
    ) -> Result<T, Violation> {
        let index = reader.u16("an index")?;
        if index < REMEMBERED {
            let known = self.entries.get(usize::from(index)).and_then(unwrap);
            return known
                .cloned()
                .ok_or(Violation::TableIndex { expected, index });
        }
        let length = reader.u16("a length")?;
        let entry = parse(reader.take(usize::from(length), "a text")?, reader.kind())?;
        if index == REMEMBERED {
            let full = self.entries.len() >= usize::from(self.entries_max.min(REMEMBERED));
            match self.bytes_left.checked_sub(length) {
                Some(left) if !full => self.bytes_left = left,
                _ => {
                    return Err(Violation::TableFull {
                        entries: self.entries_max,
                        bytes: self.bytes_max,
                    });
                }
            }
            self.entries.push(wrap(entry.clone()));
        }
        Ok(entry)
    }
}

fn path(text: &[u8], kind: Kind) -> Result<PathAndQuery, Violation> {
    let expected = "a path that begins with a slash";
    if text.first() != Some(&b'/') || text.len() > PATH_BYTES_MAX {
        return Err(Violation::Text { kind, expected });
    }
    PathAndQuery::try_from(text).map_err(|_| Violation::Text { kind, expected })
}

fn name(text: &[u8], kind: Kind) -> Result<HeaderName, Violation> {
    let expected = "the lower-case name of an entry that is not reserved";
    match HeaderName::from_lowercase(text) {
        Ok(name) if !crate::metadata::is_reserved(&name) => Ok(name),
        _ => Err(Violation::Text { kind, expected }),
    }
}
