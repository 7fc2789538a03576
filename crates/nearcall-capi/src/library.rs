//! The library as a whole: its version, its end, and the words of the last error.

use std::ffi::{CStr, c_char};

use crate::abi::NEARCALL_ABI_VERSION;
use crate::abi::nearcall_result::{self, *};
use crate::boundary::{Out, Room, enter};
use crate::fault;
use crate::runtime;
use crate::table;

/// NEARCALL_ABI_VERSION of the library that is loaded: it should be at least that of the header. From any thread.
#[unsafe(no_mangle)]
pub extern "C" fn nearcall_abi_version() -> u32 {
    NEARCALL_ABI_VERSION
}

/// The version of nearcall, as "0.1.0". The text is there for ever. From any thread.
#[unsafe(no_mangle)]
pub extern "C" fn nearcall_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The name of a nearcall_result, as "NEARCALL_ERROR_TIMEOUT". The text is there for ever. From any thread.
#[unsafe(no_mangle)]
pub extern "C" fn nearcall_result_name(result: i32) -> *const c_char {
    let named = RESULTS.iter().find(|(number, _)| *number as i32 == result);
    named.map_or(c"unknown", |(_, name)| *name).as_ptr()
}

const RESULTS: &[(nearcall_result, &CStr)] = &[
    (NEARCALL_OK, c"NEARCALL_OK"),
    (NEARCALL_ERROR_NULL, c"NEARCALL_ERROR_NULL"),
    (NEARCALL_ERROR_HANDLE, c"NEARCALL_ERROR_HANDLE"),
    (NEARCALL_ERROR_ARGUMENT, c"NEARCALL_ERROR_ARGUMENT"),
    (NEARCALL_ERROR_TOO_SMALL, c"NEARCALL_ERROR_TOO_SMALL"),
    (NEARCALL_ERROR_STATUS, c"NEARCALL_ERROR_STATUS"),
    (NEARCALL_ERROR_TIMEOUT, c"NEARCALL_ERROR_TIMEOUT"),
    (NEARCALL_ERROR_ENDED, c"NEARCALL_ERROR_ENDED"),
    (NEARCALL_ERROR_FULL, c"NEARCALL_ERROR_FULL"),
    (NEARCALL_ERROR_THREAD, c"NEARCALL_ERROR_THREAD"),
    (NEARCALL_ERROR_SHUTDOWN, c"NEARCALL_ERROR_SHUTDOWN"),
    (NEARCALL_ERROR_PANIC, c"NEARCALL_ERROR_PANIC"),
    (NEARCALL_ERROR_NOT_FOUND, c"NEARCALL_ERROR_NOT_FOUND"),
    (NEARCALL_ERROR_NOT_READY, c"NEARCALL_ERROR_NOT_READY"),
    (NEARCALL_ERROR_CONNECT, c"NEARCALL_ERROR_CONNECT"),
    (NEARCALL_ERROR_LISTEN, c"NEARCALL_ERROR_LISTEN"),
    (NEARCALL_ERROR_LIMIT, c"NEARCALL_ERROR_LIMIT"),
    (NEARCALL_ERROR_RUNTIME, c"NEARCALL_ERROR_RUNTIME"),
    (NEARCALL_ERROR_STATE, c"NEARCALL_ERROR_STATE"),
    (NEARCALL_ERROR_HELD, c"NEARCALL_ERROR_HELD"),
    (NEARCALL_ERROR_EVICTED, c"NEARCALL_ERROR_EVICTED"),
    (NEARCALL_ERROR_BROKEN, c"NEARCALL_ERROR_BROKEN"),
    (NEARCALL_ERROR_UNSUPPORTED, c"NEARCALL_ERROR_UNSUPPORTED"),
];

/// What failed last on this thread, in words, as text with a NUL. A success leaves it as it is. `needed`, if not null,
/// is set to the bytes that it takes. From any thread; each has its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_last_error(
    text: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> nearcall_result {
    let words = fault::last();
    let result = enter(|| {
        // SAFETY: the header asks for `capacity` bytes, and for a place or null.
        let room = unsafe { Room::new(text.cast(), capacity, needed) };
        room.fill_text(&words)
    });
    // That this one did not fit is no news.
    fault::remember(words);
    result
}

/// How many handles are open, buffers that were not given back among them: for tests that look for leaks. From any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nearcall_handle_count(count: *mut usize) -> nearcall_result {
    enter(|| {
        // SAFETY: the header asks for a place or null.
        let out = unsafe { Out::new(count, "count") }?;
        out.set(table::count());
        Ok(())
    })
}

/// Ends every handle and call, and the threads of the library. Streams that have a callback are told of their end
/// before this returns; afterwards no callback runs. What is called later starts the library anew. Call it before the
/// code of a callback is unloaded, and at the end of a program. NEARCALL_ERROR_TIMEOUT where a callback did not return
/// within 5 seconds. Waits; not from a callback.
#[unsafe(no_mangle)]
pub extern "C" fn nearcall_shutdown() -> nearcall_result {
    enter(runtime::shutdown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_has_its_name() {
        for (position, (result, name)) in RESULTS.iter().enumerate() {
            assert_eq!(*result as usize, position, "{name:?}");
            assert_eq!(format!("{result:?}"), name.to_str().unwrap());
        }
        assert_eq!(RESULTS.len(), NEARCALL_ERROR_UNSUPPORTED as usize + 1);
    }
}
