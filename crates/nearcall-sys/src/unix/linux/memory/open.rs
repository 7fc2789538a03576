//! Opening memory that another process made, after the checks that make it safe to map.

use std::os::fd::BorrowedFd;

use rustix::fs::{SealFlags, fcntl_get_seals, fstat, fstatfs};
use rustix::io::Errno;

use super::error::{OpenError, Seal};
use crate::memory::mapping::{Mapping, ReadOnly};
use crate::memory::writable::Writable;
use crate::memory::{Access, RETURN_PAGE_BYTES};
use crate::unix::Pages;

/// `TMPFS_MAGIC` of `linux/magic.h`, see `statfs(2)`. Memory of huge pages has another.
const TMPFS_MAGIC: u64 = 0x0102_1994;

/// Maps a region of `bytes` bytes that a server made, for reading.
///
/// The descriptor may be closed afterwards.
///
/// # Errors
///
/// It is no memory, is not sealed, or has another size: none of these is mapped.
pub fn open_region(descriptor: BorrowedFd<'_>, bytes: usize) -> Result<ReadOnly, OpenError> {
    check(
        descriptor,
        bytes as u64,
        &[Seal::Shrink, Seal::Grow, Seal::Write],
    )?;
    Ok(ReadOnly::new(map(descriptor, bytes, Access::Read)?))
}

/// Maps the return page that a server made for this reader, for writing.
///
/// # Errors
///
/// It is no memory, is not sealed, or has another size: none of these is mapped.
pub fn open_return_page(descriptor: BorrowedFd<'_>) -> Result<Writable, OpenError> {
    check(
        descriptor,
        RETURN_PAGE_BYTES as u64,
        &[Seal::Shrink, Seal::Grow],
    )?;
    Ok(Writable::given(map(
        descriptor,
        RETURN_PAGE_BYTES,
        Access::Write,
    )?))
}

/// Maps memory of `bytes` bytes that a server made for this client to fill.
///
/// # Errors
///
/// It is no memory, is not sealed, or has another size: none of these is mapped.
pub fn open_upload(descriptor: BorrowedFd<'_>, bytes: usize) -> Result<Writable, OpenError> {
    check(descriptor, bytes as u64, &[Seal::Shrink, Seal::Grow])?;
    Ok(Writable::given(map(descriptor, bytes, Access::Write)?))
}

fn check(descriptor: BorrowedFd<'_>, bytes: u64, wanted: &[Seal]) -> Result<(), OpenError> {
    let seals = fcntl_get_seals(descriptor).map_err(|errno| OpenError::NotMemory {
        source: errno.into(),
    })?;
    if let Some(&missing) = wanted.iter().find(|seal| !has(seals, **seal)) {
        return Err(OpenError::Unsealed { missing });
    }
    let system = fstatfs(descriptor).map_err(refused(bytes, "looked at"))?;
    let found = u64::try_from(system.f_type).unwrap_or(u64::MAX);
    if found != TMPFS_MAGIC {
        return Err(OpenError::FileSystem { found });
    }
    let size = fstat(descriptor)
        .map_err(refused(bytes, "looked at"))?
        .st_size;
    let found = u64::try_from(size).unwrap_or(0);
    if found != bytes || bytes == 0 {
        return Err(OpenError::Size {
            expected: bytes,
            found,
        });
    }
    Ok(())
}

/// By mask: a later kernel may add seals of its own.
fn has(seals: SealFlags, seal: Seal) -> bool {
    match seal {
        Seal::Shrink => seals.contains(SealFlags::SHRINK),
        Seal::Grow => seals.contains(SealFlags::GROW),
        Seal::Write => seals.intersects(SealFlags::WRITE | SealFlags::FUTURE_WRITE),
    }
}

fn map(descriptor: BorrowedFd<'_>, bytes: usize, access: Access) -> Result<Mapping, OpenError> {
    let pages = Pages::map(descriptor, bytes, access).map_err(refused(bytes as u64, "mapped"))?;
    pages
        .keep_private()
        .map_err(refused(bytes as u64, "kept out of children and dumps"))?;
    Ok(Mapping::new(pages))
}

fn refused(bytes: u64, what: &'static str) -> impl FnOnce(Errno) -> OpenError {
    move |errno| OpenError::System {
        bytes,
        what,
        source: errno.into(),
    }
}
