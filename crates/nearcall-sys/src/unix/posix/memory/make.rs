//! Making memory: an object that loses its name at once, its size, its mapping, then a descriptor that is good for no more
//! than its receiver needs.

use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::ftruncate;
use rustix::io::Errno;
use rustix::shm::{self, Mode, OFlags};

use super::error::{MakeError, MakeStep};
use crate::memory::mapping::{Copied, Mapping, ReadOnly};
use crate::memory::writable::Writable;
use crate::memory::{Access, REGION_BYTES_MAX, RETURN_PAGE_BYTES};
use crate::unix::Pages;
use crate::unix::posix::system;

/// What every name begins with. With what is drawn it has 30 bytes; macOS takes 31 at most (`PSHMNAMLEN`).
const NAME_START: &str = "/nearcall.";

/// Bytes of a name that are drawn, so that nobody guesses it in the moment for which it is there.
const NAME_RANDOM_BYTES: usize = 10;

/// Makes a region of `bytes` bytes, zeroed, and answers with the only mapping that can ever write it and a descriptor to
/// pass on, which is good for reading alone.
///
/// The object's name is drawn and gone when this returns: what stands here for other systems' sake is dropped. Linux takes
/// all of the memory now. macOS takes a page when it is first touched, and has nothing that takes it earlier: a touch waits
/// for a page where there is none, and where there is no end to that the system ends processes; it raises no SIGBUS.
///
/// # Errors
///
/// The size is out of range, or the system has no such memory to give.
pub fn make_region(_name: &str, bytes: usize) -> Result<(Writable, OwnedFd), MakeError> {
    let object = allocate(bytes)?;
    let mapping = map(object.writing.as_fd(), bytes, Access::Write)?;
    // The descriptor that is good for writing is closed here, and there is no way to another.
    Ok((Writable::region(mapping), object.reading))
}

/// Makes a return page, which this process can only read, and answers with its mapping and the descriptor for the one
/// reader that is to write it.
///
/// Close the descriptor once it is passed on.
///
/// # Errors
///
/// The system has no such memory to give.
pub fn make_return_page(_name: &str) -> Result<(ReadOnly, OwnedFd), MakeError> {
    let object = allocate(RETURN_PAGE_BYTES)?;
    let mapping = map(object.reading.as_fd(), RETURN_PAGE_BYTES, Access::Read)?;
    Ok((ReadOnly::new(mapping), object.writing))
}

/// Makes memory of `bytes` bytes, zeroed, that one client is to fill and this process only reads, by copies: whoever has
/// the descriptor may write it at any time, so that no `&[u8]` of it may ever exist.
///
/// # Errors
///
/// The size is out of range, or the system has no such memory to give.
pub fn make_upload(_name: &str, bytes: usize) -> Result<(Copied, OwnedFd), MakeError> {
    let object = allocate(bytes)?;
    let mapping = map(object.reading.as_fd(), bytes, Access::Read)?;
    Ok((Copied::new(mapping), object.writing))
}

/// An object without a name, and the only two descriptors of it that there are.
struct Object {
    writing: OwnedFd,
    reading: OwnedFd,
}

fn allocate(bytes: usize) -> Result<Object, MakeError> {
    if bytes == 0 || bytes > REGION_BYTES_MAX {
        return Err(MakeError::Size { bytes });
    }
    let object = create(bytes)?;
    let length = bytes as u64;
    ftruncate(&object.writing, length).map_err(failed(bytes, MakeStep::Size))?;
    system::reserve(object.writing.as_fd(), length).map_err(failed(bytes, MakeStep::Allocate))?;
    Ok(object)
}

/// The mode lets whoever guessed the name open it for reading alone, as this does for the second descriptor.
fn create(bytes: usize) -> Result<Object, MakeError> {
    let name = name().map_err(|source| MakeError::System {
        bytes,
        step: MakeStep::Name,
        source,
    })?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
    let writing = shm::open(&name, flags, Mode::RUSR).map_err(failed(bytes, MakeStep::Create))?;
    let reading = shm::open(&name, OFlags::RDONLY, Mode::empty());
    shm::unlink(&name).map_err(failed(bytes, MakeStep::Unlink))?;
    let reading = reading.map_err(failed(bytes, MakeStep::Restrict))?;
    Ok(Object { writing, reading })
}

fn name() -> io::Result<String> {
    let mut drawn = [0; NAME_RANDOM_BYTES];
    getrandom::fill(&mut drawn).map_err(|error| io::Error::other(error.to_string()))?;
    let mut name = String::from(NAME_START);
    for byte in drawn {
        // Writing into a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    Ok(name)
}

fn map(descriptor: BorrowedFd<'_>, bytes: usize, access: Access) -> Result<Mapping, MakeError> {
    let pages = Pages::map(descriptor, bytes, access).map_err(failed(bytes, MakeStep::Map))?;
    Ok(Mapping::new(pages))
}

fn failed(bytes: usize, step: MakeStep) -> impl FnOnce(Errno) -> MakeError {
    move |errno| MakeError::System {
        bytes,
        step,
        source: errno.into(),
    }
}
