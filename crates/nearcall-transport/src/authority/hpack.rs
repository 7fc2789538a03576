//! HPACK (RFC 7541), as far as finding and healing `:authority` needs it.
//!
//! The static table, the dynamic table and the Huffman code come from `httlib-hpack` and `httlib-huffman`; what is read
//! here is where in the block each string lies, which no decoder says.

use std::borrow::Cow;
use std::ops::Range;

use httlib_hpack::table::Table;
use httlib_huffman::DecoderSpeed;

use super::original::OriginalAuthority;
use super::uri::{PLACEHOLDER, heal};

/// Limit: the largest dynamic table that is followed, in bytes. Servers announce 4,096 unless told otherwise (RFC 9113 section 6.5.2), and
/// a client that takes more than its server announced is refused by it.
pub const TABLE_SIZE_MAX: u32 = 65_536;

/// What a dynamic table has before the first size update.
const TABLE_SIZE_DEFAULT: u32 = 4_096;

/// Octets of an integer behind its prefix that are read: enough for 28 bits, as many as the server reads.
const INTEGER_OCTETS_MAX: u32 = 4;

const AUTHORITY: &[u8] = b":authority";

/// A literal without indexing whose name is that of the static table's first entry, `:authority` (section 6.2.2).
const LITERAL_AUTHORITY: u8 = 0x01;

/// The block is not HPACK, or refers to what the table does not hold.
#[derive(Debug)]
pub(super) struct Malformed;

/// What a header block says of the authority.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    /// Where the first authority of the connection is kept.
    original: &'a OriginalAuthority,
    /// Whether the block names an authority.
    pub(super) named: bool,
    /// Whether an authority is no URI authority, healed or not.
    pub(super) bad: bool,
    /// What to put where so that every authority is one.
    pub(super) edits: Vec<Edit>,
}

/// Bytes to put in place of others.
#[derive(Debug)]
pub(super) struct Edit {
    at: Range<usize>,
    bytes: Vec<u8>,
}

/// The block with its edits, which stand in order and apart.
pub(super) fn apply(block: &[u8], edits: &[Edit]) -> Option<Vec<u8>> {
    let mut edited = Vec::with_capacity(block.len().saturating_add(PLACEHOLDER.len()));
    let mut from = 0;
    for edit in edits {
        edited.extend_from_slice(block.get(from..edit.at.start)?);
        edited.extend_from_slice(&edit.bytes);
        from = edit.at.end;
    }
    edited.extend_from_slice(block.get(from..)?);
    Some(edited)
}

/// A decoder's dynamic table, kept in step with the server's.
#[derive(Debug)]
pub(super) struct Decoder {
    table: Table<'static>,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self {
            table: Table::with_dynamic_size(TABLE_SIZE_DEFAULT),
        }
    }

    /// Reads one whole header block, and keeps the authority if it is the first.
    pub(super) fn read<'a>(
        &mut self,
        block: &[u8],
        original: &'a OriginalAuthority,
    ) -> Result<Reading<'a>, Malformed> {
        let mut reading = Reading {
            original,
            named: false,
            bad: false,
            edits: Vec::new(),
        };
        let mut reader = Reader { block, at: 0 };
        // Ends: every representation takes at least one octet.
        while let Some(&first) = block.get(reader.at) {
            let start = reader.at;
            match first {
                // 6.1 Indexed header field.
                0x80.. => {
                    let index = reader.integer(7)?;
                    let (name, value) = self.table.get(index).ok_or(Malformed)?;
                    if name == AUTHORITY {
                        reading.indexed(start..reader.at, value)?;
                    }
                }
                // 6.2.1 Literal with incremental indexing.
                0x40.. => self.literal(&mut reader, 6, true, &mut reading)?,
                // 6.3 Dynamic table size update.
                0x20.. => {
                    let size = reader.integer(5)?;
                    if size > TABLE_SIZE_MAX {
                        return Err(Malformed);
                    }
                    self.table.update_max_dynamic_size(size);
                }
                // 6.2.2 and 6.2.3 Literal without indexing, and never indexed.
                _ => self.literal(&mut reader, 4, false, &mut reading)?,
            }
        }
        Ok(reading)
    }

    fn literal(
        &mut self,
        reader: &mut Reader<'_>,
        prefix: u32,
        indexing: bool,
        reading: &mut Reading<'_>,
    ) -> Result<(), Malformed> {
        let name = match reader.integer(prefix)? {
            0 => reader.string()?.decode()?,
            index => Cow::Borrowed(self.table.get(index).ok_or(Malformed)?.0),
        };
        let value = reader.string()?;
        let is_authority = *name == *AUTHORITY;
        if !is_authority && !indexing {
            return Ok(());
        }
        let mut decoded = value.decode()?;
        if is_authority {
            decoded = reading.literal(&value, decoded, indexing)?;
        }
        if indexing {
            let name = name.into_owned();
            self.table.insert(name, decoded.into_owned());
        }
        Ok(())
    }
}

impl Reading<'_> {
    /// An authority that a table holds: healed when it was put there, unless it is empty. Most requests of a client
    /// that was healed once come by here.
    fn indexed(&mut self, at: Range<usize>, value: &[u8]) -> Result<(), Malformed> {
        let first = self.note(value, value.is_empty());
        if value.is_empty() && first {
            let mut bytes = vec![LITERAL_AUTHORITY];
            bytes.extend_from_slice(&encode_string(PLACEHOLDER.as_bytes(), false)?);
            self.edits.push(Edit { at, bytes });
        }
        Ok(())
    }

    /// An authority that is spelled out. Returns the value that the server will read.
    fn literal<'a>(
        &mut self,
        string: &StringLiteral<'a>,
        value: Cow<'a, [u8]>,
        indexing: bool,
    ) -> Result<Cow<'a, [u8]>, Malformed> {
        let healed = heal(&value).into_owned();
        let first = self.note(&value, healed != *value);
        // An entry's size counts in both tables: what would change it is left for the server to refuse.
        let may_grow = first && !indexing;
        if healed == *value || (healed.len() != value.len() && !may_grow) {
            return Ok(value);
        }
        self.edits.push(Edit {
            at: string.at.clone(),
            bytes: encode_string(&healed, string.huffman)?,
        });
        Ok(Cow::Owned(healed))
    }

    /// Whether the authority is the first of its block. A request may have no second one (RFC 9113 section 8.3), so a
    /// second one is not worth a longer block: one octet could ask for eleven, thousands of times over.
    fn note(&mut self, value: &[u8], bad: bool) -> bool {
        self.bad |= bad;
        self.original.keep(value, bad);
        !std::mem::replace(&mut self.named, true)
    }
}

/// A place in a header block.
#[derive(Debug)]
struct Reader<'a> {
    block: &'a [u8],
    at: usize,
}

/// A string literal, still coded (section 5.2).
#[derive(Debug)]
struct StringLiteral<'a> {
    /// Where it lies in the block, its length included.
    at: Range<usize>,
    huffman: bool,
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn octet(&mut self) -> Result<u8, Malformed> {
        let octet = *self.block.get(self.at).ok_or(Malformed)?;
        self.at = self.at.checked_add(1).ok_or(Malformed)?;
        Ok(octet)
    }

    /// An integer whose first octet has `prefix` bits for it, 1 to 7 (section 5.1).
    fn integer(&mut self, prefix: u32) -> Result<u32, Malformed> {
        let most = 1_u32
            .checked_shl(prefix)
            .and_then(|bit| bit.checked_sub(1))
            .ok_or(Malformed)?;
        let mut value = u32::from(self.octet()?) & most;
        if value < most {
            return Ok(value);
        }
        for octet_number in 0..INTEGER_OCTETS_MAX {
            let octet = self.octet()?;
            let bits = u32::from(octet & 0x7f)
                .checked_shl(octet_number.saturating_mul(7))
                .ok_or(Malformed)?;
            value = value.checked_add(bits).ok_or(Malformed)?;
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn string(&mut self) -> Result<StringLiteral<'a>, Malformed> {
        let start = self.at;
        let huffman = self.block.get(start).ok_or(Malformed)? & 0x80 != 0;
        let len = usize::try_from(self.integer(7)?).map_err(|_| Malformed)?;
        let end = self.at.checked_add(len).ok_or(Malformed)?;
        let bytes = self.block.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        Ok(StringLiteral {
            at: start..end,
            huffman,
            bytes,
        })
    }
}

impl<'a> StringLiteral<'a> {
    fn decode(&self) -> Result<Cow<'a, [u8]>, Malformed> {
        if !self.huffman {
            return Ok(Cow::Borrowed(self.bytes));
        }
        let mut decoded = Vec::new();
        httlib_huffman::decode(self.bytes, &mut decoded, DecoderSpeed::FourBits)
            .map_err(|_| Malformed)?;
        // The library lets some wrong padding pass; a string has only one right coding.
        if huffman(&decoded)? == self.bytes {
            Ok(Cow::Owned(decoded))
        } else {
            Err(Malformed)
        }
    }
}

fn encode_string(value: &[u8], coded: bool) -> Result<Vec<u8>, Malformed> {
    let (flag, value) = if coded {
        (0x80, Cow::Owned(huffman(value)?))
    } else {
        (0, Cow::Borrowed(value))
    };
    let mut string = length(value.len(), flag);
    string.extend_from_slice(&value);
    Ok(string)
}

fn huffman(value: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut coded = Vec::new();
    httlib_huffman::encode(value, &mut coded).map_err(|_| Malformed)?;
    Ok(coded)
}

/// The octets of a string's length, with `flag` in the first one.
fn length(mut len: usize, flag: u8) -> Vec<u8> {
    const MOST: u8 = 0x7f;
    let mut octets = Vec::new();
    match u8::try_from(len) {
        Ok(short) if short < MOST => octets.push(flag | short),
        _ => {
            octets.push(flag | MOST);
            len = len.saturating_sub(usize::from(MOST));
            while let Some(more) = len.checked_sub(0x80) {
                octets.push(0x80 | low_bits(more));
                len >>= 7;
            }
            octets.push(low_bits(len));
        }
    }
    octets
}

/// The seven lowest bits.
fn low_bits(value: usize) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}
