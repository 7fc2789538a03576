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
use crate::windows::name::{Name, Use, made};

/// What a reader's handle is good for.
pub(in crate::windows) const READ: u32 = SECTION_QUERY | SECTION_MAP_READ;

/// What a handle of the one who writes it is good for.
pub(in crate::windows) const WRITE: u32 = READ | SECTION_MAP_WRITE;

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
    region(bytes, None)
}

/// As [`make_region`], and another process of this user opens it by its name, for reading alone.
///
/// # Errors
///
/// As there, or something has the name.
pub fn make_named_region(name: &Name, bytes: usize) -> Result<(Writable, OwnedHandle), MakeError> {
    region(bytes, Some(name))
}

fn region(bytes: usize, name: Option<&Name>) -> Result<(Writable, OwnedHandle), MakeError> {
    let section = create(bytes, name, Use::Read)?;
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
    return_page(None)
}

/// As [`make_return_page`], and another process of this user opens it by its name, for writing, until all handles to it are
/// closed.
///
/// # Errors
///
/// As there, or something has the name.
pub fn make_named_return_page(name: &Name) -> Result<(ReadOnly, OwnedHandle), MakeError> {
    return_page(Some(name))
}

fn return_page(name: Option<&Name>) -> Result<(ReadOnly, OwnedHandle), MakeError> {
    let (mapping, handle) = filled_by_another(RETURN_PAGE_BYTES, name)?;
    Ok((ReadOnly::new(mapping), handle))
}

/// Makes memory of `bytes` bytes, zeroed, that one client is to fill and this process only reads, by copies: whoever has
/// the handle may write it at any time, so that no `&[u8]` of it may ever exist.
///
/// # Errors
///
/// The size is out of range, or the system has no such memory to give.
pub fn make_upload(_name: &str, bytes: usize) -> Result<(Copied, OwnedHandle), MakeError> {
    upload(bytes, None)
}

/// As [`make_upload`], and another process of this user opens it by its name, for writing, until all handles to it are
/// closed.
///
/// # Errors
///
/// As there, or something has the name.
pub fn make_named_upload(name: &Name, bytes: usize) -> Result<(Copied, OwnedHandle), MakeError> {
    upload(bytes, Some(name))
}

fn upload(bytes: usize, name: Option<&Name>) -> Result<(Copied, OwnedHandle), MakeError> {
    let (mapping, handle) = filled_by_another(bytes, name)?;
    Ok((Copied::new(mapping), handle))
}

fn filled_by_another(
    bytes: usize,
    name: Option<&Name>,
) -> Result<(Mapping, OwnedHandle), MakeError> {
    let section = create(bytes, name, Use::Fill)?;
    let mapping = map(&section, bytes, Access::Read)?;
    Ok((mapping, restrict(section, bytes, WRITE)?))
}

/// Makes a section, without a name or with one by which it is opened for what is said.
fn create(bytes: usize, name: Option<&Name>, good_for: Use) -> Result<OwnedHandle, MakeError> {
    if bytes == 0 || bytes > REGION_BYTES_MAX {
        return Err(MakeError::Size { bytes });
    }
    let descriptor = match name {
        Some(_) => good_for.descriptor(),
        None => OwnerOnly::as_handed_out(),
    };
    let text = name.map(Name::in_full);
    let made = descriptor.and_then(|descriptor| {
        let attributes = descriptor.attributes();
        let length = bytes as u64;
        let (high, low) = ((length >> 32) as u32, length as u32);
        // SAFETY: the attributes point to a descriptor that is still there, and the name has a NUL at its end, or is null.
        let answer = unsafe {
            CreateFileMappingW(
                INVALID_HANDLE_VALUE,
                &raw const attributes,
                PAGE_READWRITE | SEC_COMMIT,
                high,
                low,
                text.as_ref().map_or(ptr::null(), |text| text.as_ptr()),
            )
        };
        match name {
            // SAFETY: it was called right before, answers a handle to close, or null, and says whether the section was
            // there.
            Some(name) => unsafe { made(answer, name) },
            // SAFETY: as above, without a name.
            None => unsafe { owned(answer) },
        }
    });
    made.map_err(|source| match name {
        Some(name) if source.kind() == io::ErrorKind::AlreadyExists => {
            MakeError::Taken { name: *name }
        }
        _ => failed(bytes, MakeStep::Create)(source),
    })
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
