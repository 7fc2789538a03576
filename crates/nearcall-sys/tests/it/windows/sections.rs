//! Sections within one process.

use std::os::windows::io::AsHandle;
use std::time::{Duration, Instant};

use nearcall_sys::event::{Event, Kind};
use nearcall_sys::memory::{
    MakeError, OpenError, REGION_BYTES_MAX, RETURN_PAGE_BYTES, Woken, make_region,
    make_return_page, make_upload, open_region, open_return_page, open_upload,
};

const BYTES: usize = 3 * 4_096;

#[test]
fn the_maker_writes_and_a_reader_sees() {
    let (mut writer, handle) = make_region("region", BYTES).unwrap();
    let reader = open_region(handle.as_handle(), BYTES).unwrap();
    drop(handle);
    writer.store(64, 7);
    assert_eq!((reader.load(64), writer.load(64)), (7, 7));
    writer.write(4_097, b"across words");
    assert_eq!(reader.leased(4_097..4_109), b"across words");
    assert_eq!((writer.len(), reader.len()), (BYTES, BYTES));
    writer.set_apart(8_192);
    writer
        .lend(8_192..8_200)
        .unwrap()
        .copy_from_slice(b"in place");
    assert_eq!(reader.leased(8_192..8_200), b"in place");
    drop(writer);
    assert_eq!(reader.load(64), 7, "its memory outlives the maker's view");
}

#[test]
fn it_begins_as_zeros() {
    let (writer, handle) = make_region("region", BYTES).unwrap();
    let reader = open_region(handle.as_handle(), BYTES).unwrap();
    assert!(reader.leased(0..BYTES).iter().all(|byte| *byte == 0));
    drop(writer);
}

#[test]
fn a_handle_for_reading_maps_nothing_to_be_written() {
    let (_writer, handle) = make_region("region", RETURN_PAGE_BYTES).unwrap();
    let found = open_return_page(handle.as_handle()).unwrap_err();
    assert!(
        matches!(found, OpenError::System { what: "mapped", .. }),
        "{found:?}"
    );
    let found = open_upload(handle.as_handle(), RETURN_PAGE_BYTES).unwrap_err();
    assert!(
        matches!(found, OpenError::System { what: "mapped", .. }),
        "{found:?}"
    );
}

#[test]
fn memory_that_others_may_write_is_no_region() {
    let (_memory, handle) = make_upload("upload", BYTES).unwrap();
    let found = open_region(handle.as_handle(), BYTES).unwrap_err();
    assert!(matches!(found, OpenError::Writable), "{found:?}");
    assert!(found.to_string().contains("only its maker can write"));
}

#[test]
fn another_size_than_was_said_is_refused() {
    let (_writer, handle) = make_region("region", BYTES).unwrap();
    for (said, fits) in [
        (BYTES, true),
        (BYTES - 1, true),
        (BYTES + 1, false),
        (4_096, false),
    ] {
        let opened = open_region(handle.as_handle(), said);
        assert_eq!(opened.is_ok(), fits, "{said}: {opened:?}");
        if let Err(error) = opened {
            let (expected, found) = (said as u64, BYTES as u64);
            let is_size = matches!(
                error,
                OpenError::Size { expected: one, found: other } if (one, other) == (expected, found)
            );
            assert!(is_size, "{error:?}");
        }
    }
    let found = open_region(handle.as_handle(), 0).unwrap_err();
    assert!(matches!(found, OpenError::Size { expected: 0, .. }));
}

#[test]
fn handles_of_anything_else_are_refused() {
    let event = Event::new(Kind::Stays).unwrap();
    let file = tempfile::tempfile().unwrap();
    let thread = std::thread::spawn(|| {});
    for other in [event.as_handle(), file.as_handle(), thread.as_handle()] {
        let found = open_region(other, BYTES).unwrap_err();
        assert!(matches!(found, OpenError::NotMemory { .. }), "{found:?}");
        assert!(
            found
                .to_string()
                .contains("expected a handle of shared memory"),
            "{found}"
        );
    }
    thread.join().unwrap();
}

#[test]
fn a_return_page_is_written_by_its_reader() {
    let (server, handle) = make_return_page("page").unwrap();
    let reader = open_return_page(handle.as_handle()).unwrap();
    drop(handle);
    reader.store(64, 9);
    assert_eq!(server.load(64), 9);
    assert_eq!(server.len(), RETURN_PAGE_BYTES);
}

#[test]
fn an_upload_is_filled_by_one_and_copied_by_the_other() {
    let (server, handle) = make_upload("upload", 10_000).unwrap();
    let client = open_upload(handle.as_handle(), 10_000).unwrap();
    client.write(9_995, b"last!");
    let mut copy = [0; 5];
    server.read(9_995, &mut copy);
    assert_eq!((&copy, server.len()), (b"last!", 10_000));
}

#[test]
fn sizes_that_no_region_has() {
    for bytes in [0, REGION_BYTES_MAX + 1] {
        let found = make_region("region", bytes).unwrap_err();
        assert!(matches!(found, MakeError::Size { .. }), "{found:?}");
    }
}

#[test]
fn who_waits_for_a_word_sees_it_change() {
    let (writer, handle) = make_region("region", BYTES).unwrap();
    let reader = open_region(handle.as_handle(), BYTES).unwrap();
    assert_eq!(reader.wait(8, 0, Duration::from_millis(5)), Woken::TimedOut);
    assert_eq!(
        reader.wait(8, 1, Duration::MAX),
        Woken::Perhaps,
        "it is another already"
    );
    let since = Instant::now();
    let waiter = std::thread::spawn(move || reader.wait(8, 0, Duration::from_secs(60)));
    writer.store(8, 1);
    writer.wake(8);
    assert_eq!(waiter.join().unwrap(), Woken::Perhaps);
    assert!(since.elapsed() < Duration::from_secs(30));
}
