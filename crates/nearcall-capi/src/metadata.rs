//! Metadata: pairs that go along with a call, in both directions.

use std::ffi::c_char;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nearcall::metadata::{
    AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, KeyAndValueRef,
    MetadataMap,
};

use crate::abi::{nearcall_metadata, nearcall_result};
use crate::boundary::{Out, Room, bytes, enter, text};
use crate::fault::Fault;
use crate::table;

/// Limit: pairs in one metadata that C fills; one more is NEARCALL_ERROR_LIMIT.
pub(crate) const METADATA_PAIRS_MAX: usize = 256;

/// Pairs in the order in which they are sent; values as they are, not in base64.
#[derive(Debug, Default)]
pub(crate) struct Metadata(Mutex<Vec<Pair>>);

#[derive(Debug, Clone)]
struct Pair {
    key: String,
    value: Vec<u8>,
}

impl Metadata {
    /// What came with a call.
    pub(crate) fn of(map: &MetadataMap) -> Self {
        let pair = |pair: KeyAndValueRef<'_>| match pair {
            KeyAndValueRef::Ascii(key, value) => Some(Pair {
                key: key.to_string(),
                value: value.as_bytes().to_vec(),
            }),
            // One that is not base64 has no value to show.
            KeyAndValueRef::Binary(key, value) => Some(Pair {
                key: key.to_string(),
                value: value.to_bytes().ok()?.to_vec(),
            }),
        };
        Self(Mutex::new(map.iter().filter_map(pair).collect()))
    }

    /// Adds what goes along with a call to its metadata.
    pub(crate) fn add_to(&self, map: &mut MetadataMap) -> Result<(), Fault> {
        for Pair { key, value } in self.pairs().iter() {
            match checked(key, value)? {
                Checked::Ascii(key, value) => {
                    map.append(key, value);
                }
                Checked::Binary(key, value) => {
                    map.append_bin(key, value);
                }
            }
        }
        Ok(())
    }

    fn pairs(&self) -> MutexGuard<'_, Vec<Pair>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nth(&self, index: usize) -> Result<Pair, Fault> {
        let pairs = self.pairs();
        let found = pairs.get(index).cloned();
        found.ok_or_else(|| Fault::NotFound(format!("pair {index} of {}", pairs.len())))
    }
}

enum Checked {
    Ascii(AsciiMetadataKey, AsciiMetadataValue),
    Binary(BinaryMetadataKey, BinaryMetadataValue),
}

/// Source: the gRPC over HTTP/2 protocol, "Custom-Metadata".
fn checked(key: &str, value: &[u8]) -> Result<Checked, Fault> {
    let refused = || {
        Fault::Argument(format!(
            "expected a metadata key of a-z, 0-9, `_`, `-` and `.` with a value of printable ASCII, or one that ends \
             in `-bin`, found {key:?} with {} bytes",
            value.len()
        ))
    };
    // HTTP/2 has lower-case names only; a key that is changed on its way would not be found again.
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(refused());
    }
    if key.ends_with("-bin") {
        let key = BinaryMetadataKey::from_bytes(key.as_bytes()).map_err(|_| refused())?;
        return Ok(Checked::Binary(key, BinaryMetadataValue::from_bytes(value)));
    }
    let key = AsciiMetadataKey::from_bytes(key.as_bytes()).map_err(|_| refused())?;
    let printable = value.iter().all(|byte| (0x20..=0x7e).contains(byte));
    let value = AsciiMetadataValue::try_from(value).map_err(|_| refused())?;
    if printable {
        Ok(Checked::Ascii(key, value))
    } else {
        Err(refused())
    }
}

/// What an optional handle stands for, as metadata to send.
pub(crate) fn to_send(handle: nearcall_metadata) -> Result<MetadataMap, Fault> {
    let mut map = MetadataMap::new();
    if handle != 0 {
        table::find::<Metadata>(handle)?.add_to(&mut map)?;
    }
    Ok(map)
}

/// Metadata without pairs, to be filled and sent. Close it when it was handed over: calls take a copy. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_metadata_new(
    metadata: *mut nearcall_metadata,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(metadata, "metadata") }?;
        out.set(table::insert(Arc::<Metadata>::default())?);
        Ok(())
    })
}

/// Adds a pair. The key is lower-case ASCII; where it ends in "-bin" the value may be any bytes, else printable ASCII.
/// From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_metadata_add(
    metadata: nearcall_metadata,
    key: *const c_char,
    value: *const u8,
    value_len: usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let key = unsafe { text(key, "key") }?;
        // SAFETY: the header asks for `value_len` bytes.
        let value = unsafe { bytes(value, value_len, "value") }?;
        let metadata = table::find::<Metadata>(metadata)?;
        checked(key, value)?;
        let mut pairs = metadata.pairs();
        if pairs.len() >= METADATA_PAIRS_MAX {
            return Err(Fault::Limit(METADATA_PAIRS_MAX));
        }
        pairs.push(Pair {
            key: key.to_owned(),
            value: value.to_vec(),
        });
        Ok(())
    })
}

/// How many pairs there are. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_metadata_count(
    metadata: nearcall_metadata,
    count: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(count, "count") }?;
        let metadata = table::find::<Metadata>(metadata)?;
        out.set(metadata.pairs().len());
        Ok(())
    })
}

/// The key of a pair, as text with a NUL. `needed`, if not null, is set to the bytes that it takes. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_metadata_key(
    metadata: nearcall_metadata,
    index: usize,
    key: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(key.cast(), capacity, needed) };
        room.fill_text(&table::find::<Metadata>(metadata)?.nth(index)?.key)
    })
}

/// The value of a pair, as bytes without a NUL. `needed`, if not null, is set to the bytes that it takes. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_metadata_value(
    metadata: nearcall_metadata,
    index: usize,
    value: *mut u8,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(value, capacity, needed) };
        room.fill(&table::find::<Metadata>(metadata)?.nth(index)?.value)
    })
}

/// The value of the first pair with a key, as bytes without a NUL; NEARCALL_ERROR_NOT_FOUND where there is none.
/// `needed`, if not null, is set to the bytes that it takes. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_metadata_find(
    metadata: nearcall_metadata,
    key: *const c_char,
    value: *mut u8,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a text or null.
        let key = unsafe { text(key, "key") }?;
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(value, capacity, needed) };
        let metadata = table::find::<Metadata>(metadata)?;
        let pairs = metadata.pairs();
        let pair = pairs.iter().find(|pair| pair.key == key);
        let pair = pair.ok_or_else(|| Fault::NotFound(format!("pair with the key {key:?}")))?;
        room.fill(&pair.value)
    })
}

/// Ends a metadata handle. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_metadata_close(metadata: nearcall_metadata) -> nearcall_result {
    enter(|| table::remove::<Metadata>(metadata).map(drop))
}
