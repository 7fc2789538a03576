//! Bytes that C was given to keep.

use std::sync::Arc;

use bytes::Bytes;

use crate::abi::{nearcall_buffer, nearcall_result};
use crate::boundary::{Out, enter};
use crate::fault::Fault;
use crate::table;

/// What a `nearcall_buffer` shows.
#[derive(Debug)]
pub(crate) struct Buffer(#[expect(dead_code, reason = "held for the memory")] Bytes);

/// Hands bytes to C, without a copy.
pub(crate) fn hand_out(bytes: Bytes) -> Result<nearcall_buffer, Fault> {
    let (data, len) = (bytes.as_ptr(), bytes.len());
    // `Bytes` keeps its memory where it is, however often the handle of it moves.
    let id = table::insert(Arc::new(Buffer(bytes)))?;
    Ok(nearcall_buffer { data, len, id })
}

/// Shows bytes to C for as long as they are borrowed.
pub(crate) fn lend(bytes: &[u8]) -> nearcall_buffer {
    nearcall_buffer {
        data: bytes.as_ptr(),
        len: bytes.len(),
        id: 0,
    }
}

/// Gives a buffer back and empties the struct. A buffer that is empty already, or only lent, is left as it is; one
/// whose copy was given back before is NEARCALL_ERROR_HANDLE. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_buffer_free(buffer: *mut nearcall_buffer) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a struct or null.
        let place = unsafe { Out::new(buffer, "buffer") }?;
        // SAFETY: not null, and the header asks for a struct that was set.
        let id = unsafe { (*buffer).id };
        if id != 0 {
            drop(table::remove::<Buffer>(id)?);
            place.set(nearcall_buffer {
                data: std::ptr::null(),
                len: 0,
                id: 0,
            });
        }
        Ok(())
    })
}
