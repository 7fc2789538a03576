//! Opening memory that another process made, after the checks that make it safe to map.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::ptr;

use windows_sys::Win32::System::Memory::{SEC_COMMIT, SECTION_MAP_WRITE};

use super::error::OpenError;
use super::pages::Pages;
use crate::memory::mapping::{Mapping, ReadOnly};
use crate::memory::writable::Writable;
use crate::memory::{Access, RETURN_PAGE_BYTES};
use crate::windows::handle::rights_of;
use crate::windows::ntdll::{NtQuerySection, SECTION_BASIC_INFORMATION, Section};

/// Sections have whole pages.
const PAGE_BYTES: u64 = 4_096;

/// Maps a region of `bytes` bytes that a server made, for reading.
///
/// The handle may be closed afterwards.
///
/// # Errors
///
/// It is no memory, has a file behind it, can be written by this process, or has another size: none of these is mapped.
pub fn open_region(section: BorrowedHandle<'_>, bytes: usize) -> Result<ReadOnly, OpenError> {
    check(section, bytes as u64)?;
    let rights = rights_of(section).map_err(refused(bytes as u64, "looked at"))?;
    if rights & SECTION_MAP_WRITE != 0 {
        return Err(OpenError::Writable);
    }
    Ok(ReadOnly::new(map(section, bytes, Access::Read)?))
}

/// Maps the return page that a server made for this reader, for writing.
///
/// # Errors
///
/// It is no memory, has a file behind it, or has another size: none of these is mapped.
pub fn open_return_page(section: BorrowedHandle<'_>) -> Result<Writable, OpenError> {
    open_upload(section, RETURN_PAGE_BYTES)
}

/// Maps memory of `bytes` bytes that a server made for this client to fill.
///
/// # Errors
///
/// It is no memory, has a file behind it, or has another size: none of these is mapped.
pub fn open_upload(section: BorrowedHandle<'_>, bytes: usize) -> Result<Writable, OpenError> {
    check(section, bytes as u64)?;
    Ok(Writable::given(map(section, bytes, Access::Write)?))
}

/// Whether it is a section that the paging file stands behind, all of it there, of that size. Such a section cannot
/// change its size, and reading it cannot fail.
fn check(section: BorrowedHandle<'_>, bytes: u64) -> Result<(), OpenError> {
    let mut basic = Section::default();
    // SAFETY: the handle is open, whatever it is of, and the pointer is to room for as many bytes as are said.
    let status = unsafe {
        NtQuerySection(
            section.as_raw_handle(),
            SECTION_BASIC_INFORMATION,
            (&raw mut basic).cast(),
            size_of::<Section>(),
            ptr::null_mut(),
        )
    };
    if status < 0 {
        let status = status.cast_unsigned();
        return Err(OpenError::NotMemory { status });
    }
    if basic.attributes & KINDS != SEC_COMMIT {
        let found = basic.attributes;
        return Err(OpenError::NotThere { found });
    }
    let found = u64::try_from(basic.bytes).unwrap_or(0);
    if bytes == 0 || found.next_multiple_of(PAGE_BYTES) != bytes.next_multiple_of(PAGE_BYTES) {
        return Err(OpenError::Size {
            expected: bytes,
            found,
        });
    }
    Ok(())
}

fn map(section: BorrowedHandle<'_>, bytes: usize, access: Access) -> Result<Mapping, OpenError> {
    let pages = Pages::map(section, bytes, access);
    Ok(Mapping::new(
        pages.map_err(refused(bytes as u64, "mapped"))?,
    ))
}

fn refused(bytes: u64, what: &'static str) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::System {
        bytes,
        what,
        source,
    }
}

/// The attributes that say what stands behind a section: `SEC_FILE`, `SEC_IMAGE`, `SEC_RESERVE` and `SEC_COMMIT`.
const KINDS: u32 = 0x0f80_0000;

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::windows::io::{AsHandle, OwnedHandle};

    use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
    use windows_sys::Win32::Storage::FileSystem::WRITE_DAC;
    use windows_sys::Win32::System::Memory::{
        CreateFileMappingW, PAGE_READWRITE, SEC_RESERVE, SECTION_MAP_READ, SECTION_QUERY,
    };

    use super::*;
    use crate::memory::make_region;
    use crate::windows::handle::{owned, restricted};

    const BYTES: usize = 8 * 4_096;

    /// A section as a careless or hostile maker would pass it.
    fn strange(file: HANDLE, kind: u32) -> OwnedHandle {
        let bytes = u32::try_from(BYTES).expect("it is small");
        let protection = PAGE_READWRITE | kind;
        // SAFETY: the file is open, or there is none, and there is neither a descriptor nor a name to point to.
        let answer =
            unsafe { CreateFileMappingW(file, ptr::null(), protection, 0, bytes, ptr::null()) };
        // SAFETY: it was called right before and answers a handle to close, or null.
        let section = unsafe { owned(answer) }.expect("the system makes it");
        let lesser = SECTION_QUERY | SECTION_MAP_READ;
        restricted(section.as_raw_handle(), lesser).expect("a lesser handle is always given")
    }

    #[test]
    fn a_file_or_pages_that_are_not_there_are_refused() {
        let file = tempfile::tempfile().expect("there is a folder for it");
        for (section, what) in [
            (strange(file.as_raw_handle(), 0), "a file"),
            (strange(INVALID_HANDLE_VALUE, SEC_RESERVE), "reserved"),
        ] {
            let found = open_region(section.as_handle(), BYTES);
            assert!(
                matches!(found, Err(OpenError::NotThere { .. })),
                "{what}: {found:?}"
            );
        }
        let sound = strange(INVALID_HANDLE_VALUE, SEC_COMMIT);
        open_region(sound.as_handle(), BYTES).expect("this one is as it should be");
    }

    #[test]
    fn a_reader_s_handle_is_turned_into_nothing_better() {
        let (writer, handle) = make_region("region", BYTES).expect("there is memory");
        let rights = rights_of(handle.as_handle()).expect("it lets itself be asked");
        assert_eq!(rights, SECTION_QUERY | SECTION_MAP_READ);
        for more in [SECTION_MAP_WRITE, SECTION_MAP_READ | SECTION_MAP_WRITE] {
            let found = restricted(handle.as_raw_handle(), more);
            assert!(found.is_err(), "{more:#x}: {found:?}");
        }
        let found = restricted(handle.as_raw_handle(), WRITE_DAC);
        if crate::wine::is_wine() && found.is_ok() {
            // The entry for whoever owns it means nothing to Wine.
            let line =
                "left out, since this is Wine: an owner cannot change the list of a section\n";
            // Past the test runner, which would keep it to itself.
            let _unheard = io::stdout().write_all(line.as_bytes());
        } else {
            assert!(found.is_err(), "{found:?}");
        }
        drop(writer);
    }
}
