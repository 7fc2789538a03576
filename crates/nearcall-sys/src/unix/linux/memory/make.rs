//! Making memory: size, pages, mapping, then seals, in this order.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    FallocateFlags, MemfdFlags, SealFlags, fallocate, fcntl_add_seals, ftruncate, memfd_create,
};
use rustix::io::Errno;

use super::error::{MakeError, MakeStep};
use crate::memory::mapping::{Copied, Mapping, ReadOnly};
use crate::memory::writable::Writable;
use crate::memory::{Access, REGION_BYTES_MAX, RETURN_PAGE_BYTES};
use crate::unix::Pages;

/// What every object has: it never changes its size, and nobody takes a seal back or adds one.
const FIXED: SealFlags = SealFlags::SHRINK
    .union(SealFlags::GROW)
    .union(SealFlags::SEAL);

/// Makes a region of `bytes` bytes, zeroed, and answers with the only mapping that can ever write it and the descriptor
/// to pass on.
///
/// The name shows in `/proc/<pid>/maps` and nowhere else. All pages are there when this returns: memory that runs out
/// is an error now, not a SIGBUS later. See `memfd_create(2)` and `F_SEAL_FUTURE_WRITE` in `fcntl_addseals(2)`.
///
/// # Errors
///
/// The size is out of range, or the system has no such memory to give.
pub fn make_region(name: &str, bytes: usize) -> Result<(Writable, OwnedFd), MakeError> {
    let descriptor = allocate(name, bytes)?;
    // The mapping comes before the seal: F_SEAL_FUTURE_WRITE leaves those writable that are there.
    let mapping = map(descriptor.as_fd(), bytes, Access::Write)?;
    let seals = FIXED.union(SealFlags::FUTURE_WRITE);
    seal(descriptor.as_fd(), bytes, seals)?;
    Ok((Writable::region(mapping), descriptor))
}

/// Makes a return page, which this process can only read, and answers with its mapping and the descriptor for the one
/// reader that is to write it.
///
/// Close the descriptor once it is passed on: another process of the same user could open it through `/proc`.
///
/// # Errors
///
/// The system has no such memory to give.
pub fn make_return_page(name: &str) -> Result<(ReadOnly, OwnedFd), MakeError> {
    let descriptor = allocate(name, RETURN_PAGE_BYTES)?;
    let mapping = map(descriptor.as_fd(), RETURN_PAGE_BYTES, Access::Read)?;
    seal(descriptor.as_fd(), RETURN_PAGE_BYTES, FIXED)?;
    Ok((ReadOnly::new(mapping), descriptor))
}

/// Makes memory of `bytes` bytes, zeroed, that one client is to fill and this process only reads, by copies: whoever has
/// the descriptor may write it at any time, so that no `&[u8]` of it may ever exist.
///
/// # Errors
///
/// The size is out of range, or the system has no such memory to give.
pub fn make_upload(name: &str, bytes: usize) -> Result<(Copied, OwnedFd), MakeError> {
    let descriptor = allocate(name, bytes)?;
    let mapping = map(descriptor.as_fd(), bytes, Access::Read)?;
    seal(descriptor.as_fd(), bytes, FIXED)?;
    Ok((Copied::new(mapping), descriptor))
}

fn allocate(name: &str, bytes: usize) -> Result<OwnedFd, MakeError> {
    if bytes == 0 || bytes > REGION_BYTES_MAX {
        return Err(MakeError::Size { bytes });
    }
    let length = bytes as u64;
    let descriptor = create(name).map_err(failed(bytes, MakeStep::Create))?;
    ftruncate(&descriptor, length).map_err(failed(bytes, MakeStep::Size))?;
    fallocate(&descriptor, FallocateFlags::empty(), 0, length)
        .map_err(failed(bytes, MakeStep::Allocate))?;
    Ok(descriptor)
}

/// Kernels before 6.3 do not know `MFD_NOEXEC_SEAL`, which keeps the memory from being run as a program.
fn create(name: &str) -> Result<OwnedFd, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create(name, flags),
        made => made,
    }
}

fn map(descriptor: BorrowedFd<'_>, bytes: usize, access: Access) -> Result<Mapping, MakeError> {
    let pages = Pages::map(descriptor, bytes, access).map_err(failed(bytes, MakeStep::Map))?;
    Ok(Mapping::new(pages))
}

fn seal(descriptor: BorrowedFd<'_>, bytes: usize, seals: SealFlags) -> Result<(), MakeError> {
    fcntl_add_seals(descriptor, seals).map_err(failed(bytes, MakeStep::Seal))
}

fn failed(bytes: usize, step: MakeStep) -> impl FnOnce(Errno) -> MakeError {
    move |errno| MakeError::System {
        bytes,
        step,
        source: errno.into(),
    }
}
