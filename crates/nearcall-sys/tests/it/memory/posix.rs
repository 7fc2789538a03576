//! What objects of `shm_open(2)` promise.

use std::os::fd::{AsFd, OwnedFd};

use nearcall_sys::memory::{
    OpenError, RETURN_PAGE_BYTES, make_region, make_return_page, make_upload, open_region,
    open_return_page,
};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;
use rustix::shm;

use super::BYTES;

/// What a descriptor is good for.
fn mode(descriptor: &OwnedFd) -> OFlags {
    fcntl_getfl(descriptor).unwrap() & OFlags::RWMODE
}

/// An object under a name of this test's own, good for writing, and one that is good for reading alone.
fn named(name: &str, bytes: u64) -> (OwnedFd, OwnedFd) {
    let flags = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
    let writing = shm::open(name, flags, shm::Mode::RUSR | shm::Mode::WUSR).unwrap();
    let reading = shm::open(name, shm::OFlags::RDONLY, shm::Mode::empty()).unwrap();
    rustix::fs::ftruncate(&writing, bytes).unwrap();
    (writing, reading)
}

#[test]
fn nobody_else_can_write_or_resize_a_region() {
    let (writer, descriptor) = make_region("region", BYTES).unwrap();
    assert_eq!(mode(&descriptor), OFlags::RDONLY);
    for bytes in [0, 10, 2 * BYTES as u64] {
        let resized = rustix::fs::ftruncate(&descriptor, bytes);
        assert_eq!(resized, Err(Errno::INVAL), "to {bytes} bytes");
    }
    assert!(rustix::io::pwrite(&descriptor, b"x", 0).is_err());
    writer.store(0, 1);
    assert_eq!(writer.load(0), 1, "the maker still writes");
    let reader = open_region(descriptor.as_fd(), BYTES).unwrap();
    assert_eq!(reader.load(0), 1);
}

#[test]
fn a_descriptor_that_is_good_for_writing_is_no_region() {
    let (_maker, descriptor) = make_upload("upload", BYTES).unwrap();
    assert_eq!(mode(&descriptor), OFlags::RDWR);
    let opened = open_region(descriptor.as_fd(), BYTES);
    assert!(matches!(opened, Err(OpenError::Writable)), "{opened:?}");
    let (_maker, page) = make_return_page("page").unwrap();
    assert_eq!(mode(&page), OFlags::RDWR);
    let opened = open_region(page.as_fd(), RETURN_PAGE_BYTES);
    assert!(matches!(opened, Err(OpenError::Writable)), "{opened:?}");
}

#[test]
fn another_size_is_not_mapped() {
    // Whole pages of the largest size there is, so that no system rounds them.
    let page = 64 * 1_024;
    let (_writer, descriptor) = make_region("region", 2 * page).unwrap();
    for bytes in [0, 1, page, 3 * page, 2 * page + 1] {
        let opened = open_region(descriptor.as_fd(), bytes);
        assert!(
            matches!(opened, Err(OpenError::Size { .. })),
            "{bytes}: {opened:?}"
        );
        if bytes != RETURN_PAGE_BYTES {
            let opened = open_return_page(descriptor.as_fd());
            assert!(matches!(opened, Err(OpenError::Size { .. })), "{opened:?}");
        }
    }
}

#[test]
fn an_object_of_another_s_making_is_looked_at() {
    let name = format!("/nearcall-it-{}", std::process::id());
    let (writing, reading) = named(&name, BYTES as u64);
    let while_named = open_region(reading.as_fd(), BYTES).map(drop);
    shm::unlink(&name).unwrap();
    if cfg!(target_os = "linux") {
        // macOS cannot tell, and need not: there the size is fixed from the start.
        assert!(
            matches!(while_named, Err(OpenError::NotMemory { .. })),
            "{while_named:?}"
        );
    }
    assert!(open_region(reading.as_fd(), BYTES).is_ok());
    let opened = open_region(writing.as_fd(), BYTES);
    assert!(matches!(opened, Err(OpenError::Writable)), "{opened:?}");
}

#[test]
fn a_file_is_not_mapped() {
    let file = tempfile::tempfile().unwrap();
    file.set_len(BYTES as u64).unwrap();
    let opened = open_region(file.as_fd(), BYTES);
    // On tmpfs and without a name, it is refused for being writable.
    assert!(
        matches!(
            opened,
            Err(OpenError::NotMemory { .. } | OpenError::Writable)
        ),
        "{opened:?}"
    );
}

#[test]
fn nothing_names_what_was_made() {
    let (_writer, region) = make_region("region", BYTES).unwrap();
    let (_server, page) = make_return_page("page").unwrap();
    for descriptor in [&region, &page] {
        let found = rustix::fs::fstat(descriptor).unwrap();
        assert_eq!(found.st_nlink, 0);
        assert!(
            rustix::io::fcntl_getfd(descriptor)
                .unwrap()
                .contains(rustix::io::FdFlags::CLOEXEC)
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn mappings_of_readers_stay_out_of_children_and_dumps() {
    let (_writer, descriptor) = make_region("region", BYTES).unwrap();
    let reader = open_region(descriptor.as_fd(), BYTES).unwrap();
    let inode = format!(" {} ", rustix::fs::fstat(&descriptor).unwrap().st_ino);
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = maps.lines();
    let ours = |line: &str| line.contains(&inode) && line.contains("r--s");
    assert!(lines.any(ours), "{maps}");
    let flags = lines.find_map(|line| line.strip_prefix("VmFlags:"));
    // VmFlags of proc_pid_smaps(5): dc is "do not copy area on fork", dd "do not include area into core dump".
    let flags = flags.unwrap();
    assert!(flags.contains(" dc") && flags.contains(" dd"), "{flags}");
    drop(reader);
}

/// What this kind of memory cannot promise on Linux, and is for use on macOS alone for: see `unix/posix/memory.rs`.
#[cfg(target_os = "linux")]
#[test]
fn linux_opens_a_descriptor_again_for_reading() {
    use std::os::fd::AsRawFd;
    let (writer, descriptor) = make_region("region", BYTES).unwrap();
    writer.store(0, 7);
    let path = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    let anew = std::fs::File::open(path).unwrap();
    assert_eq!(open_region(anew.as_fd(), BYTES).unwrap().load(0), 7);
}
