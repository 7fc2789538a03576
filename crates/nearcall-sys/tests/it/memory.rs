//! What the kernel must hold for memory that strangers share. Each test is one assumption; a platform that breaks one
//! fails here, in words. What is so of either kind of memory is here, what is so of one below.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::time::Duration;

use nearcall_sys::memory::{
    MakeError, OpenError, REGION_BYTES_MAX, RETURN_PAGE_BYTES, Woken, make_region,
    make_return_page, make_upload, open_region, open_return_page, open_upload,
};

#[cfg(any(target_os = "macos", nearcall_posix))]
mod posix;
#[cfg(not(any(target_os = "macos", nearcall_posix)))]
mod sealed;

const BYTES: usize = 3 * 4_096;

#[test]
fn the_maker_writes_and_a_reader_sees() {
    let (writer, descriptor) = make_region("region", BYTES).unwrap();
    let reader = open_region(descriptor.as_fd(), BYTES).unwrap();
    drop(descriptor);
    writer.store(64, 7);
    assert_eq!(
        reader.load(64),
        7,
        "a store through the mapping that was there before the seal is seen"
    );
    writer.write(4_097, b"across words");
    assert_eq!(reader.leased(4_097..4_109), b"across words");
    assert_eq!(writer.load(64), 7);
    assert_eq!((writer.len(), reader.len()), (BYTES, BYTES));
}

#[test]
fn copies_are_exact_at_every_alignment() {
    let (writer, descriptor) = make_region("region", BYTES).unwrap();
    let reader = open_region(descriptor.as_fd(), BYTES).unwrap();
    let pattern: Vec<u8> = (1..=40).collect();
    for at in 0..17 {
        for length in 0..pattern.len() {
            writer.write(0, &[0; 64]);
            writer.write(at, &pattern[..length]);
            let mut copy = [0xff; 64];
            reader.read(0, &mut copy);
            assert_eq!(&copy[at..at + length], &pattern[..length]);
            assert!(
                copy[..at]
                    .iter()
                    .chain(&copy[at + length..])
                    .all(|byte| *byte == 0)
            );
            let mut part = vec![0; length];
            writer.read(at, &mut part);
            assert_eq!(part, pattern[..length]);
        }
    }
    let end = BYTES - 3;
    writer.write(end, b"end");
    assert_eq!(reader.leased(end..BYTES), b"end");
}

#[test]
fn what_is_lent_is_written_in_place_and_lent_once() {
    let (mut writer, descriptor) = make_region("region", BYTES).unwrap();
    writer.set_apart(4_096);
    let reader = open_region(descriptor.as_fd(), BYTES).unwrap();
    let mut one = writer.lend(4_096..4_196).unwrap();
    one.copy_from_slice(&[7; 100]);
    assert_eq!(reader.leased(4_096..4_196), [7; 100]);
    for overlapping in [4_096..4_196, 4_195..4_200, 4_096..4_097, 4_100..4_101] {
        assert!(
            writer.lend(overlapping.clone()).is_none(),
            "{overlapping:?}"
        );
    }
    let other = writer.lend(4_196..BYTES).unwrap();
    assert_eq!(other.len(), BYTES - 4_196);
    drop(one);
    let again = writer.lend(4_096..4_100).unwrap();
    assert_eq!(again[..], [7; 4], "what was there is there");
    drop(writer);
    assert_eq!(again[..], [7; 4], "it outlives the one who lent it");
}

#[test]
fn words_and_what_is_lent_are_kept_apart() {
    let (mut writer, _descriptor) = make_region("region", BYTES).unwrap();
    let panics = |what: &str, act: &dyn Fn()| {
        let act = std::panic::AssertUnwindSafe(act);
        assert!(std::panic::catch_unwind(act).is_err(), "{what}");
    };
    panics("lending what was not set apart", &|| {
        drop(writer.lend(4_096..4_097));
    });
    writer.set_apart(4_096);
    writer.set_apart(8_192);
    panics("a word of what may be lent", &|| writer.store(4_096, 1));
    panics("a copy into what may be lent", &|| {
        writer.write(4_090, &[1; 8]);
    });
    panics("a copy out of what may be lent", &|| {
        writer.read(4_090, &mut [1; 8]);
    });
    panics("waking at what may be lent", &|| writer.wake(4_096));
    panics("lending words", &|| drop(writer.lend(4_095..4_097)));
    panics("lending past the end", &|| {
        drop(writer.lend(4_096..BYTES + 1));
    });
    let (_ours, page) = make_return_page("page").unwrap();
    let page = std::sync::Mutex::new(open_return_page(page.as_fd()).unwrap());
    panics("setting apart what another made", &|| {
        page.lock().unwrap().set_apart(0);
    });
}

#[test]
fn nothing_out_of_range_is_touched() {
    let (writer, descriptor) = make_region("region", BYTES).unwrap();
    let reader = open_region(descriptor.as_fd(), BYTES).unwrap();
    let panics = |what: &str, act: &dyn Fn() -> bool| {
        let act = std::panic::AssertUnwindSafe(act);
        assert!(std::panic::catch_unwind(act).is_err(), "{what}");
    };
    for (what, at) in [
        ("a word past the end", BYTES),
        ("a word that does not fit", BYTES - 4),
        ("a word between words", 4),
        ("a word at the end of the address space", usize::MAX - 7),
    ] {
        panics(what, &|| reader.load(at) == 0);
    }
    panics("bytes past the end", &|| {
        reader.leased(BYTES..BYTES + 1).is_empty()
    });
    panics("a copy past the end", &|| {
        writer.write(BYTES - 1, b"two");
        true
    });
}

#[test]
fn a_region_cannot_be_mapped_for_writing_by_others() {
    // A region of a return page's size passes all checks but the kernel's own.
    let (_writer, descriptor) = make_region("region", RETURN_PAGE_BYTES).unwrap();
    let mapped = open_return_page(descriptor.as_fd());
    let Err(OpenError::System {
        what: "mapped",
        source,
        ..
    }) = mapped
    else {
        panic!("the kernel must refuse a new writable mapping, found {mapped:?}");
    };
    assert_eq!(source.kind(), ErrorKind::PermissionDenied);
}

#[test]
fn strange_descriptors_are_not_mapped() {
    let (read, write) = rustix::pipe::pipe().unwrap();
    let folder = File::open("/").unwrap();
    let device = File::open("/dev/zero").unwrap();
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    for (what, descriptor) in [
        ("the read end of a pipe", read.as_fd()),
        ("the write end of a pipe", write.as_fd()),
        ("a folder", folder.as_fd()),
        ("a device", device.as_fd()),
        ("a socket", socket.as_fd()),
    ] {
        for opened in [
            open_region(descriptor, BYTES).map(drop),
            open_return_page(descriptor).map(drop),
        ] {
            assert!(
                matches!(opened, Err(OpenError::NotMemory { .. })),
                "{what}: {opened:?}"
            );
        }
    }
}

#[test]
fn a_return_page_is_written_by_its_reader_and_read_by_its_maker() {
    let (server, descriptor) = make_return_page("page").unwrap();
    let reader = open_return_page(descriptor.as_fd()).unwrap();
    reader.store(64, 3);
    assert_eq!(server.load(64), 3);
    assert_eq!(
        (server.len(), reader.len()),
        (RETURN_PAGE_BYTES, RETURN_PAGE_BYTES)
    );
}

#[test]
fn an_upload_is_written_by_its_client_and_copied_by_its_maker() {
    let (maker, descriptor) = make_upload("upload", BYTES).unwrap();
    let client = open_upload(descriptor.as_fd(), BYTES).unwrap();
    client.write(4_090, b"across pages");
    let mut copy = [0; 12];
    maker.read(4_090, &mut copy);
    assert_eq!((&copy, maker.len()), (b"across pages", BYTES));
    client.write(4_090, b"another text");
    assert_eq!(&copy, b"across pages", "a copy stays as it is");
    assert!(matches!(
        open_upload(descriptor.as_fd(), BYTES + 1),
        Err(OpenError::Size { .. })
    ));
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    for bytes in [0, REGION_BYTES_MAX + 1, usize::MAX] {
        let made = make_region("region", bytes);
        assert!(
            matches!(made, Err(MakeError::Size { .. })),
            "{bytes}: {made:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn pages_are_there_from_the_start() {
    let (_writer, descriptor) = make_region("region", BYTES).unwrap();
    let blocks = rustix::fs::fstat(&descriptor).unwrap().st_blocks;
    assert!(
        blocks as u64 * 512 >= BYTES as u64,
        "fallocate must take all {BYTES} bytes at once, found {blocks} blocks of 512: memory that runs out later is a SIGBUS"
    );
}

#[test]
fn a_word_of_a_read_only_mapping_can_be_waited_for() {
    let (writer, descriptor) = make_region("region", BYTES).unwrap();
    let reader = open_region(descriptor.as_fd(), BYTES).unwrap();
    let long = Duration::from_secs(20);
    assert_eq!(
        reader.wait(136, 1, long),
        Woken::Perhaps,
        "a word that is already another does not make anyone wait"
    );
    assert_eq!(
        reader.wait(136, 0, Duration::from_millis(1)),
        Woken::TimedOut
    );
    let waiter = std::thread::spawn(move || {
        while reader.load(136) == 0 {
            if reader.wait(136, 0, long) == Woken::TimedOut {
                return "timed out: nothing reached a waiter on a read-only mapping";
            }
        }
        "woken"
    });
    writer.store(136, 1);
    while !waiter.is_finished() {
        writer.wake(136);
        std::thread::yield_now();
    }
    assert_eq!(waiter.join().unwrap(), "woken");
}
