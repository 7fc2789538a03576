//! Metadata on the wire: entries in order, binary values as the bytes they are, names by index.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{BufMut, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::CommandError;
use crate::limits::{ENTRY_COST, METADATA_SIZE_MAX};
use crate::reader::Reader;
use crate::table::{ReadTable, WriteTable};
use crate::violation::Violation;

/// Base64 as gRPC writes it, without padding, and reads it, with or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Names that the lane has other means for, or that mean nothing without HTTP.
pub fn is_reserved(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("grpc-") || matches!(name, "te" | "content-type" | "connection" | "host")
}

fn is_binary(name: &HeaderName) -> bool {
    name.as_str().ends_with("-bin")
}

/// The values of one entry of a header map; a binary one may hold several, joined with commas.
fn values<'a>(
    name: &HeaderName,
    value: &'a HeaderValue,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let binary = is_binary(name);
    value.as_bytes().split(move |byte| binary && *byte == b',')
}

pub(crate) fn decode_binary(text: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(text.trim_ascii()).ok()
}

pub(crate) fn encode_binary(bytes: &[u8]) -> HeaderValue {
    HeaderValue::try_from(BASE64.encode(bytes)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Whether the metadata can be written.
pub(crate) fn check(metadata: &HeaderMap) -> Result<(), CommandError> {
    let mut size = 0_usize;
    for (name, value) in metadata.iter().filter(|(name, _)| !is_reserved(name)) {
        for value in values(name, value) {
            let length = if is_binary(name) {
                let bytes = decode_binary(value)
                    .ok_or_else(|| CommandError::NotBase64 { name: name.clone() })?;
                bytes.len()
            } else {
                value.len()
            };
            size = size.saturating_add(entry_size(name, length));
        }
    }
    if size > METADATA_SIZE_MAX {
        return Err(CommandError::MetadataTooLarge {
            size,
            max: METADATA_SIZE_MAX,
        });
    }
    Ok(())
}

fn entry_size(name: &HeaderName, value_length: usize) -> usize {
    name.as_str()
        .len()
        .saturating_add(value_length)
        .saturating_add(ENTRY_COST)
}

/// Writes a block of what [`check`] took: the number of entries, then name, length and value of each.
pub(crate) fn put(out: &mut BytesMut, metadata: &HeaderMap, table: &mut WriteTable) {
    let carried = || metadata.iter().filter(|(name, _)| !is_reserved(name));
    let count: usize = carried()
        .map(|(name, value)| values(name, value).count())
        .sum();
    out.put_u16_le(length(count));
    for (name, value) in carried() {
        for value in values(name, value) {
            table.put_name(out, name);
            if is_binary(name) {
                let bytes = decode_binary(value).unwrap_or_default();
                put_sized(out, &bytes);
            } else {
                put_sized(out, value);
            }
        }
    }
}

/// Bytes with their length in two bytes before them.
pub(crate) fn put_sized(out: &mut BytesMut, bytes: &[u8]) {
    out.put_u16_le(length(bytes.len()));
    out.put_slice(bytes);
}

fn length(of: usize) -> u16 {
    // Everything with such a length was checked against a limit far below.
    u16::try_from(of).unwrap_or(u16::MAX)
}

/// Reads a block.
pub(crate) fn read(reader: &mut Reader<'_>, table: &mut ReadTable) -> Result<HeaderMap, Violation> {
    let mut metadata = HeaderMap::new();
    let mut size = 0_usize;
    for _ in 0..reader.u16("a number of entries")? {
        let name = table.name(reader)?;
        let value = reader.sized(METADATA_SIZE_MAX, "a value")?;
        size = size.saturating_add(entry_size(&name, value.len()));
        if size > METADATA_SIZE_MAX {
            return Err(Violation::MetadataTooLarge {
                size,
                max: METADATA_SIZE_MAX,
            });
        }
        let value = if is_binary(&name) {
            encode_binary(value)
        } else {
            HeaderValue::from_bytes(value).map_err(|_| Violation::Text {
                kind: reader.kind(),
                expected: "a value without control characters",
            })?
        };
        metadata.append(name, value);
    }
    Ok(metadata)
}
