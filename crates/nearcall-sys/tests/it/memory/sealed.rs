//! What seals promise, on Linux.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use nearcall_sys::memory::{
    OpenError, RETURN_PAGE_BYTES, Seal, make_region, make_return_page, make_upload, open_path,
    open_region, open_return_page,
};
use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};
use rustix::io::Errno;

use super::BYTES;

/// Memory with the seals of one's choice, as a careless or hostile maker would pass it.
fn sealed(seals: SealFlags, bytes: u64) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let descriptor = rustix::fs::memfd_create("strange", flags).unwrap();
    rustix::fs::ftruncate(&descriptor, bytes).unwrap();
    rustix::fs::fcntl_add_seals(&descriptor, seals).unwrap();
    descriptor
}

#[test]
fn nobody_else_can_write_or_resize_a_region() {
    let (writer, descriptor) = make_region("region", BYTES).unwrap();
    let length = BYTES as u64;
    let refused = |what: &str, answer: Result<(), Errno>| {
        assert_eq!(
            answer,
            Err(Errno::PERM),
            "{what} a sealed region must be refused"
        );
    };
    refused("shrinking", rustix::fs::ftruncate(&descriptor, 10));
    refused("growing", rustix::fs::ftruncate(&descriptor, 2 * length));
    refused(
        "writing to",
        rustix::io::pwrite(&descriptor, b"x", 0).map(drop),
    );
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    refused(
        "punching a hole into",
        rustix::fs::fallocate(&descriptor, hole, 0, 4_096),
    );
    refused(
        "sealing",
        rustix::fs::fcntl_add_seals(&descriptor, SealFlags::WRITE),
    );
    // Opened anew for writing, it is the same object with the same seals.
    let path = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    let anew = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    for (what, descriptor) in [
        ("passed on", descriptor.as_fd()),
        ("opened anew", anew.as_fd()),
    ] {
        let mapped = open_return_page(descriptor);
        assert!(
            matches!(&mapped, Err(OpenError::Size { .. })),
            "{what}: a region is no return page: {mapped:?}"
        );
    }
    refused(
        "writing to the reopened",
        rustix::io::pwrite(&anew, b"x", 0).map(drop),
    );
    writer.store(0, 1);
    assert_eq!(writer.load(0), 1, "the maker still writes");
}

#[test]
fn what_is_not_sealed_memory_is_not_mapped() {
    let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE | SealFlags::SEAL;
    let length = BYTES as u64;
    for (missing, seals) in [
        (Seal::Shrink, SealFlags::empty()),
        (Seal::Shrink, all - SealFlags::SHRINK),
        (Seal::Grow, all - SealFlags::GROW),
        (Seal::Write, all - SealFlags::FUTURE_WRITE),
    ] {
        let opened = open_region(sealed(seals, length).as_fd(), BYTES);
        let Err(OpenError::Unsealed { missing: found }) = opened else {
            panic!("memory open to {missing} was not refused for that: {opened:?}");
        };
        assert_eq!(found, missing);
    }
    for size in [0, length - 1, length + 1, u64::from(u32::MAX) + 1 + length] {
        let opened = open_region(sealed(all, size).as_fd(), BYTES);
        assert!(
            matches!(opened, Err(OpenError::Size { found, .. }) if found == size),
            "{size} bytes: {opened:?}"
        );
    }
    assert!(open_region(sealed(all, length).as_fd(), BYTES).is_ok());
    let written = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    assert!(open_region(sealed(written, length).as_fd(), BYTES).is_ok());
}

#[test]
fn a_file_is_not_mapped() {
    // A file on disk has no seals; one on tmpfs has, and can take none.
    let file = tempfile::tempfile().unwrap();
    file.set_len(BYTES as u64).unwrap();
    let opened = open_region(file.as_fd(), BYTES);
    assert!(
        matches!(
            opened,
            Err(OpenError::NotMemory { .. } | OpenError::Unsealed { .. })
        ),
        "{opened:?}"
    );
}

#[test]
fn memory_of_huge_pages_is_not_mapped() {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING | MemfdFlags::HUGETLB;
    let Ok(descriptor) = rustix::fs::memfd_create("huge", flags) else {
        println!("left out: this kernel has no huge pages");
        return;
    };
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE;
    rustix::fs::fcntl_add_seals(&descriptor, seals).unwrap();
    let opened = open_region(descriptor.as_fd(), BYTES);
    assert!(
        matches!(opened, Err(OpenError::FileSystem { .. })),
        "{opened:?}"
    );
}

#[test]
fn a_reader_cannot_resize_its_return_page() {
    let (server, descriptor) = make_return_page("page").unwrap();
    let reader = open_return_page(descriptor.as_fd()).unwrap();
    reader.store(64, 3);
    for bytes in [0, 2 * RETURN_PAGE_BYTES as u64] {
        assert_eq!(
            rustix::fs::ftruncate(&descriptor, bytes),
            Err(Errno::PERM),
            "a reader that could resize its page would kill the server by SIGBUS"
        );
    }
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    // A hole reads as zeros: the pages come back, there is no SIGBUS.
    rustix::fs::fallocate(&descriptor, hole, 0, 4_096).unwrap();
    assert_eq!(server.load(64), 0);
}

#[test]
fn a_client_cannot_resize_or_seal_its_upload() {
    let (_maker, descriptor) = make_upload("upload", BYTES).unwrap();
    for bytes in [0, 4_096, 1 << 20] {
        let resized = rustix::fs::ftruncate(&descriptor, bytes);
        assert_eq!(resized, Err(Errno::PERM), "to {bytes} bytes");
    }
    assert_eq!(
        rustix::fs::fcntl_add_seals(&descriptor, SealFlags::WRITE),
        Err(Errno::PERM)
    );
    assert!(matches!(
        open_region(descriptor.as_fd(), BYTES),
        Err(OpenError::Unsealed {
            missing: Seal::Write
        })
    ));
}

#[test]
fn mappings_of_readers_stay_out_of_children_and_dumps() {
    let (_writer, descriptor) = make_region("out-of-children", BYTES).unwrap();
    let reader = open_region(descriptor.as_fd(), BYTES).unwrap();
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut flags = Vec::new();
    let mut ours = false;
    for line in maps.lines() {
        if line.contains("memfd:out-of-children") {
            ours = line.contains("r--s");
        } else if let Some(found) = line.strip_prefix("VmFlags:")
            && std::mem::take(&mut ours)
        {
            flags.push(found.to_owned());
        }
    }
    // VmFlags of proc_pid_smaps(5): dc is "do not copy area on fork", dd "do not include area into core dump".
    assert_eq!(flags.len(), 1, "{maps}");
    assert!(
        flags[0].contains(" dc") && flags[0].contains(" dd"),
        "{flags:?}"
    );
    drop(reader);
}

#[test]
fn a_path_that_leads_to_a_pipe_is_not_waited_for() {
    let (reading, writing) = rustix::pipe::pipe().unwrap();
    drop(writing);
    let path = |descriptor: &OwnedFd| format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    let (said, heard) = std::sync::mpsc::channel();
    let pipe = path(&reading);
    std::thread::spawn(move || said.send(open_path(pipe.as_ref()).map(drop)));
    let opened = heard.recv_timeout(Duration::from_secs(10));
    assert!(opened.expect("it does not wait for a writer").is_ok());
    let opened = open_path(path(&reading).as_ref()).unwrap();
    let refused = open_region(opened.as_fd(), BYTES);
    assert!(
        matches!(refused, Err(OpenError::NotMemory { .. })),
        "{refused:?}"
    );
    let (_writer, descriptor) = make_region("region", BYTES).unwrap();
    let opened = open_path(path(&descriptor).as_ref()).unwrap();
    assert!(open_region(opened.as_fd(), BYTES).is_ok());
    let missing = open_path("/proc/self/fd/999999".as_ref()).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}
