//! Opening memory that another process made, after the checks that make it safe to map.

use std::os::fd::BorrowedFd;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::io::Errno;

use super::error::OpenError;
use crate::memory::mapping::{Mapping, ReadOnly};
use crate::memory::writable::Writable;
use crate::memory::{Access, RETURN_PAGE_BYTES};
use crate::unix::Pages;
use crate::unix::posix::system;

/// Maps a region of `bytes` bytes that a server made, for reading.
///
/// The descriptor may be closed afterwards.
///
/// # Errors
///
/// It is no memory, can be written by this process, or has another size: none of these is mapped.
pub fn open_region(descriptor: BorrowedFd<'_>, bytes: usize) -> Result<ReadOnly, OpenError> {
    check(descriptor, bytes as u64)?;
    let flags = fcntl_getfl(descriptor).map_err(refused(bytes as u64, "looked at"))?;
    if flags & OFlags::RWMODE != OFlags::RDONLY {
        return Err(OpenError::Writable);
    }
    Ok(ReadOnly::new(map(descriptor, bytes, Access::Read)?))
}

/// Maps the return page that a server made for this reader, for writing.
///
/// # Errors
///
/// It is no memory, or has another size: neither is mapped.
pub fn open_return_page(descriptor: BorrowedFd<'_>) -> Result<Writable, OpenError> {
    open_upload(descriptor, RETURN_PAGE_BYTES)
}

/// Maps memory of `bytes` bytes that a server made for this client to fill.
///
/// # Errors
///
/// It is no memory, or has another size: neither is mapped.
pub fn open_upload(descriptor: BorrowedFd<'_>, bytes: usize) -> Result<Writable, OpenError> {
    check(descriptor, bytes as u64)?;
    Ok(Writable::given(map(descriptor, bytes, Access::Write)?))
}

/// Whether it is an object of shared memory, of that size.
fn check(descriptor: BorrowedFd<'_>, bytes: u64) -> Result<(), OpenError> {
    let found = fstat(descriptor).map_err(refused(bytes, "looked at"))?;
    if !system::is_nameless_memory(descriptor, &found).map_err(refused(bytes, "looked at"))? {
        let kind = FileType::from_raw_mode(found.st_mode);
        return Err(OpenError::NotMemory { found: word(kind) });
    }
    let expected = system::size_given(bytes);
    let found = u64::try_from(found.st_size).unwrap_or(0);
    if found != expected || bytes == 0 {
        return Err(OpenError::Size { expected, found });
    }
    Ok(())
}

fn word(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    }
}

fn map(descriptor: BorrowedFd<'_>, bytes: usize, access: Access) -> Result<Mapping, OpenError> {
    let pages = Pages::map(descriptor, bytes, access).map_err(refused(bytes as u64, "mapped"))?;
    pages
        .keep_private()
        .map_err(refused(bytes as u64, "kept out of children"))?;
    Ok(Mapping::new(pages))
}

fn refused(bytes: u64, what: &'static str) -> impl FnOnce(Errno) -> OpenError {
    move |errno| OpenError::System {
        bytes,
        what,
        source: errno.into(),
    }
}
