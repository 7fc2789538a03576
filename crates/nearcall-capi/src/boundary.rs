//! Between C and the library: no panic gets out, no null pointer in.
//!
//! Functions that take pointers trust what the header asks of every caller: that a pointer which is not null points to
//! as much memory as its neighbour says, for the length of the call, and that nobody else writes there meanwhile.

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use crate::abi::nearcall_result::{self, NEARCALL_ERROR_PANIC, NEARCALL_OK};
use crate::fault::{Fault, remember};

/// Runs what an exported function does: its failure becomes a code and the words for it, and so does its panic.
pub(crate) fn enter(work: impl FnOnce() -> Result<(), Fault>) -> nearcall_result {
    // Nothing that a panic leaves half done is used again: locks are taken over poisoned by those who bear it.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => NEARCALL_OK,
        Ok(Err(fault)) => {
            remember(fault.to_string());
            fault.code()
        }
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            remember(format!(
                "the library panicked: {}",
                text.as_deref().unwrap_or("without words")
            ));
            NEARCALL_ERROR_PANIC
        }
    }
}

/// A text that ends with NUL.
///
/// # Safety
///
/// A pointer that is not null points to such a text, which stays for `'a`.
pub(crate) unsafe fn text<'a>(
    pointer: *const c_char,
    what: &'static str,
) -> Result<&'a str, Fault> {
    if pointer.is_null() {
        return Err(Fault::Null(what));
    }
    // SAFETY: not null, and the caller vouches for the rest.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str()
        .map_err(|_| Fault::Argument(format!("expected UTF-8 in `{what}`, found other bytes")))
}

/// Bytes; null goes with a length of 0.
///
/// # Safety
///
/// A pointer that is not null points to `len` bytes, which stay and do not change for `'a`.
pub(crate) unsafe fn bytes<'a>(
    pointer: *const u8,
    len: usize,
    what: &'static str,
) -> Result<&'a [u8], Fault> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Fault::Null(what));
    }
    if isize::try_from(len).is_err() {
        return Err(Fault::Argument(format!(
            "`{what}` cannot be {len} bytes long"
        )));
    }
    // SAFETY: not null, no longer than memory can be, and the caller vouches for the rest.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len) })
}

/// Where one answer goes.
#[derive(Debug)]
pub(crate) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// The place that a pointer names.
    ///
    /// # Safety
    ///
    /// A pointer that is not null points to room for a `T`, aligned as one, until this is used up.
    pub(crate) unsafe fn new(pointer: *mut T, what: &'static str) -> Result<Self, Fault> {
        NonNull::new(pointer).map(Self).ok_or(Fault::Null(what))
    }

    /// As [`Self::new`], for an answer that may not be wanted.
    ///
    /// # Safety
    ///
    /// As for [`Self::new`].
    pub(crate) unsafe fn maybe(pointer: *mut T) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }

    pub(crate) fn set(&self, value: T) {
        // SAFETY: `new` was promised room for a value until now; what was there before is C's and has no destructor.
        unsafe { self.0.write(value) };
    }
}

/// Where an answer of any length goes.
#[derive(Debug)]
pub(crate) struct Room {
    pointer: *mut u8,
    capacity: usize,
    needed: Option<Out<usize>>,
}

impl Room {
    /// The buffer that the caller has, and where to say how much it takes.
    ///
    /// # Safety
    ///
    /// `pointer`, if not null, points to `capacity` bytes that may be written, `needed`, if not null, to a `size_t`,
    /// until this is used up.
    pub(crate) unsafe fn new(pointer: *mut u8, capacity: usize, needed: *mut usize) -> Self {
        Self {
            pointer,
            // SAFETY: what the caller promises is what is asked for.
            needed: unsafe { Out::maybe(needed) },
            capacity: if pointer.is_null() { 0 } else { capacity },
        }
    }

    /// Writes bytes as they are.
    pub(crate) fn fill(self, bytes: &[u8]) -> Result<(), Fault> {
        if let Some(needed) = &self.needed {
            needed.set(bytes.len());
        }
        if bytes.len() > self.capacity {
            return Err(Fault::TooSmall {
                needed: bytes.len(),
                found: self.capacity,
            });
        }
        if !bytes.is_empty() {
            // SAFETY: the source is a slice; the target was promised to hold `capacity` bytes, which are enough, and
            // belongs to C, so that it does not overlap with ours.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.pointer, bytes.len()) };
        }
        Ok(())
    }

    /// Writes a text and a NUL; a NUL within it ends it for C.
    pub(crate) fn fill_text(self, text: &str) -> Result<(), Fault> {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        self.fill(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_code_and_its_words_are_kept() {
        assert_eq!(enter(|| panic!("on purpose")), NEARCALL_ERROR_PANIC);
        assert_eq!(crate::fault::last(), "the library panicked: on purpose");
        assert_eq!(enter(|| Ok(())), NEARCALL_OK);
        assert_eq!(crate::fault::last(), "the library panicked: on purpose");
    }
}
