//! Structs that grow: their first field is their size as the other side was compiled.
//!
//! A struct shorter than ours lacks fields, which are then zero, the default. One that is longer is taken as long as
//! what we do not know in it is zero: nothing was asked for that would be ignored.

use std::mem::MaybeUninit;
use std::ptr::addr_of;

use crate::abi::{
    nearcall_buffer, nearcall_call_options, nearcall_channel_options, nearcall_event,
    nearcall_frame, nearcall_frames_info, nearcall_frames_options, nearcall_host_options,
};
use crate::fault::Fault;

/// Limit: bytes of a versioned struct; one that says more is not one.
const STRUCT_BYTES_MAX: usize = 4_096;

/// A struct of the header that begins with its size.
///
/// # Safety
///
/// It is `repr(C)`, begins with the `u32` that is its size, and every field may be all zero.
pub(crate) unsafe trait Versioned: Copy {
    /// Its size in the first version of the ABI: none is shorter.
    const FIRST: usize;
    const NAME: &'static str;
}

// SAFETY: integers, an optional function and a pointer, the size first.
unsafe impl Versioned for nearcall_call_options {
    const FIRST: usize = size_of::<Self>();
    const NAME: &'static str = "nearcall_call_options";
}

// SAFETY: integers, the size first.
unsafe impl Versioned for nearcall_channel_options {
    const FIRST: usize = std::mem::offset_of!(Self, host);
    const NAME: &'static str = "nearcall_channel_options";
}

// SAFETY: integers, the size first.
unsafe impl Versioned for nearcall_host_options {
    const FIRST: usize = size_of::<Self>();
    const NAME: &'static str = "nearcall_host_options";
}

// SAFETY: integers and a struct of a pointer and integers, the size first.
unsafe impl Versioned for nearcall_event {
    const FIRST: usize = size_of::<Self>();
    const NAME: &'static str = "nearcall_event";
}

// SAFETY: integers, the size first.
unsafe impl Versioned for nearcall_frames_options {
    const FIRST: usize = size_of::<Self>();
    const NAME: &'static str = "nearcall_frames_options";
}

// SAFETY: integers, the size first.
unsafe impl Versioned for nearcall_frames_info {
    const FIRST: usize = size_of::<Self>();
    const NAME: &'static str = "nearcall_frames_info";
}

// SAFETY: integers, a pointer and a union of structs of integers, the size first.
unsafe impl Versioned for nearcall_frame {
    const FIRST: usize = size_of::<Self>();
    const NAME: &'static str = "nearcall_frame";
}

/// What the caller set; the default where it set nothing.
///
/// # Safety
///
/// A pointer that is not null points to a `T` of the caller's version: to as many bytes as its first field says.
pub(crate) unsafe fn read<T: Versioned>(pointer: *const T) -> Result<T, Fault> {
    let mut value = MaybeUninit::<T>::zeroed();
    if !pointer.is_null() {
        // SAFETY: every version is at least as long as its first field.
        let size = unsafe { size_of_struct(pointer) }?;
        let known = size.min(size_of::<T>());
        // SAFETY: the struct has `size` bytes, the value `size_of::<T>()`; `known` is within both.
        unsafe {
            std::ptr::copy_nonoverlapping(
                pointer.cast::<u8>(),
                value.as_mut_ptr().cast::<u8>(),
                known,
            );
        }
        for offset in known..size {
            // SAFETY: within the `size` bytes of the struct.
            let place = unsafe { pointer.cast::<u8>().add(offset) };
            // SAFETY: as above; a byte may have any value.
            let byte = unsafe { place.read() };
            if byte != 0 {
                return Err(Fault::Argument(format!(
                    "{} has {size} bytes, of which this library knows {known}, and something is set in the others",
                    T::NAME
                )));
            }
        }
    }
    // SAFETY: `Versioned` promises that zero is a value of every field, and C wrote the others.
    Ok(unsafe { value.assume_init() })
}

/// Where an answer goes that is a struct.
#[derive(Debug)]
pub(crate) struct Place<T> {
    pointer: *mut T,
    size: u32,
}

/// Where an event goes.
pub(crate) type EventPlace = Place<nearcall_event>;

impl<T: Versioned> Place<T> {
    /// The caller's struct.
    ///
    /// # Safety
    ///
    /// A pointer that is not null points to a struct of the caller's version, until this is used up.
    pub(crate) unsafe fn new(pointer: *mut T, what: &'static str) -> Result<Self, Fault> {
        if pointer.is_null() {
            return Err(Fault::Null(what));
        }
        // SAFETY: not null, and every version is at least as long as its first field.
        let size = unsafe { size_of_struct(pointer.cast_const()) }?;
        Ok(Self {
            pointer,
            // No longer than `STRUCT_BYTES_MAX`.
            size: size as u32,
        })
    }

    /// Writes as much of a value as the caller knows, and leaves the caller's size.
    pub(crate) fn set(&self, value: T) {
        let known = size_of::<T>().min(self.size as usize);
        // SAFETY: `new` was promised `self.size` bytes, and ours has as many as it is long.
        unsafe {
            std::ptr::copy_nonoverlapping(
                addr_of!(value).cast::<u8>(),
                self.pointer.cast::<u8>(),
                known,
            );
        }
        // SAFETY: the size is first, and `new` was promised that it is there.
        unsafe { self.pointer.cast::<u32>().write_unaligned(self.size) };
    }
}

/// An event without a message.
pub(crate) const fn bare_event(kind: crate::abi::nearcall_event_kind, code: i32) -> nearcall_event {
    nearcall_event {
        size: size_of::<nearcall_event>() as u32,
        kind: kind as u32,
        code,
        reserved: 0,
        message: nearcall_buffer {
            data: std::ptr::null(),
            len: 0,
            id: 0,
        },
    }
}

/// The size that a struct says it has.
///
/// # Safety
///
/// The pointer points to at least a `u32`.
unsafe fn size_of_struct<T: Versioned>(pointer: *const T) -> Result<usize, Fault> {
    // SAFETY: `Versioned` promises that the size is first, the caller that it is there.
    let size = unsafe { pointer.cast::<u32>().read_unaligned() } as usize;
    if (T::FIRST..=STRUCT_BYTES_MAX).contains(&size) {
        Ok(size)
    } else {
        Err(Fault::Argument(format!(
            "`size` of {} should be its sizeof, at least {}, found {size}",
            T::NAME,
            T::FIRST
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_of_other_versions_are_told_apart() {
        const KNOWN: usize = size_of::<nearcall_host_options>();
        #[repr(C)]
        struct Later {
            known: nearcall_host_options,
            later: u64,
        }
        let check = |size: usize, later: u64, expected: Option<u64>| {
            let given = Later {
                known: nearcall_host_options {
                    size: size as u32,
                    flags: 0,
                    drain_timeout_ms: 7,
                    unary_deadline_ms: 0,
                },
                later,
            };
            // SAFETY: the struct is as long as its size says in every case that is accepted.
            let found = unsafe { read(std::ptr::from_ref(&given).cast::<nearcall_host_options>()) };
            let found = found.ok().map(|options| options.drain_timeout_ms);
            assert_eq!(found, expected, "{size} bytes, {later} beyond");
        };
        check(KNOWN, 0, Some(7));
        check(KNOWN, 1, Some(7));
        check(KNOWN + 8, 0, Some(7));
        check(KNOWN + 8, 1, None);
        check(KNOWN - 1, 0, None);
        check(0, 0, None);
        check(STRUCT_BYTES_MAX + 1, 0, None);
        // SAFETY: null is allowed.
        let default = unsafe { read::<nearcall_host_options>(std::ptr::null()) };
        assert_eq!(default.unwrap().drain_timeout_ms, 0);
    }
}
