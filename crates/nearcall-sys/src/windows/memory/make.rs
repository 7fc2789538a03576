//! Making memory: a section, its mapping, then a handle that is good for no more than its receiver needs.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, PAGE_READWRITE, SEC_COMMIT, SECTION_MAP_READ, SECTION_MAP_WRITE,
    SECTION_QUERY,
};

use super::error::{MakeError, MakeStep};
use super::pages::Pages;
use crate::memory::mapping::{Copied, Mapping, ReadOnly};
use crate::memory::writable::Writable;
use crate::memory::{Access, REGION_BYTES_MAX, RETURN_PAGE_BYTES};
use crate::windows::descriptor::OwnerOnly;
use crate::windows::handle::{owned, restricted};

/// What a reader's handle is good for.
const READ: u32 = SECTION_QUERY | SECTION_MAP_READ;

/// What a handle of the one who writes it is good for.
const WRITE: u32 = READ | SECTION_MAP_WRITE;

/// Makes a region of `bytes` bytes, zeroed, and answers with the only mapping that can ever write it and a handle to pass
/// on, which is good for reading alone and cannot be turned into one that is good for more.
///
/// The section has no name: what stands here for other systems' sake is dropped. All of it is there when this returns.
/// See `CreateFileMapping` (`SEC_COMMIT`) and `DuplicateHandle`.
///
/// # Errors
///
/// The size is out of range, or the system has no such memory to give.
pub fn make_region(_name: &str, bytes: usize) -> Result<(Writable, OwnedHandle), MakeError> {
    let section = create(bytes)?;
    let mapping = map(&section, bytes, Access::Write)?;
    Ok((Writable::region(mapping), restrict(section, bytes, READ)?))
}

/// Makes a return page, which this process can only read, and answers with its mapping and the handle for the one reader
/// that is to write it.
///
/// Close the handle once it is passed on.
///
/// # Errors
///
/// The system has no such memory to give.
pub fn make_return_page(_name: &str) -> Result<(ReadOnly, OwnedHandle), MakeError> {
    let bytes = RETURN_PAGE_BYTES;
    let section = create(bytes)?;
    let mapping = map(&section, bytes, Access::Read)?;
    Ok((ReadOnly::new(mapping), restrict(section, bytes, WRITE)?))
}

/// Makes memory of `bytes` bytes, zeroed, that one client is to fill and this process only reads, by copies: whoever has
/// the handle may write it at any time, so that no `&[u8]` of it may ever exist.
///
/// # Errors
///
/// The size is out of range, or the system has no such memory to give.
pub fn make_upload(_name: &str, bytes: usize) -> Result<(Copied, OwnedHandle), MakeError> {
    let section = create(bytes)?;
    let mapping = map(&section, bytes, Access::Read)?;
    Ok((Copied::new(mapping), restrict(section, bytes, WRITE)?))
}

fn create(bytes: usize) -> Result<OwnedHandle, MakeError> {
    if bytes == 0 || bytes > REGION_BYTES_MAX {
        return Err(MakeError::Size { bytes });
    }
    let made = OwnerOnly::as_handed_out().and_then(|descriptor| {
        let attributes = descriptor.attributes();
        let length = bytes as u64;
        let (high, low) = ((length >> 32) as u32, length as u32);
        // SAFETY: the attributes point to a descriptor that is still there, and there is no name to point to.
        let answer = unsafe {
            CreateFileMappingW(
                INVALID_HANDLE_VALUE,
                &raw const attributes,
                PAGE_READWRITE | SEC_COMMIT,
                high,
                low,
                ptr::null(),
            )
        };
        // SAFETY: it was called right before and answers a handle to close, or null.
        unsafe { owned(answer) }
    });
    made.map_err(failed(bytes, MakeStep::Create))
}

fn map(section: &OwnedHandle, bytes: usize, access: Access) -> Result<Mapping, MakeError> {
    let pages = Pages::map(section.as_handle(), bytes, access);
    Ok(Mapping::new(pages.map_err(failed(bytes, MakeStep::Map))?))
}

/// Puts a lesser handle in the place of one.
fn restrict(section: OwnedHandle, bytes: usize, access: u32) -> Result<OwnedHandle, MakeError> {
    let lesser = restricted(section.as_raw_handle(), access);
    drop(section);
    lesser.map_err(failed(bytes, MakeStep::Restrict))
}

fn failed(bytes: usize, step: MakeStep) -> impl FnOnce(io::Error) -> MakeError {
    move |source| MakeError::System {
        bytes,
        step,
        source,
    }
}
