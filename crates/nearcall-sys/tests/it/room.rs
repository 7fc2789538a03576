//! How much room there is.

use nearcall_sys::room::{free_bytes, memory};

#[test]
fn a_folder_that_is_there_has_room_and_one_that_is_not_has_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(free_bytes(folder.path()).unwrap() > 0);
    assert_eq!(free_bytes(&folder.path().join("none/at/all")), None);
}

#[cfg(any(target_os = "linux", windows))]
#[test]
fn there_is_memory_and_no_more_of_it_free_than_there_is() {
    let found = memory().unwrap();
    assert!(
        0 < found.available && found.available <= found.total,
        "{found:?}"
    );
    // A machine that runs this has more than 64 MiB, and says so in bytes.
    assert!(found.total > 1 << 26, "{found:?}");
}

#[cfg(not(any(target_os = "linux", windows)))]
#[test]
fn a_system_that_cannot_say_says_so() {
    assert_eq!(memory(), None);
}
