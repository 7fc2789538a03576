//! What is made under a name: who opens it, for what, and how long it is there.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle};

use nearcall_sys::event::{Event, EventError, Kind};
use nearcall_sys::memory::{
    MakeError, OpenError, RETURN_PAGE_BYTES, make_named_region, make_named_return_page,
    make_named_upload, open_region, open_return_page, open_upload,
};
use nearcall_sys::name::{Name, NameError, Use, open};

const BYTES: usize = 3 * 4_096;

fn fresh() -> Name {
    Name::random().unwrap()
}

fn is_refused(name: &Name, good_for: Use) -> bool {
    match open(name, good_for) {
        Err(NameError::System { .. }) => true,
        Ok(_) => false,
        other => panic!("{good_for:?}: {other:?}"),
    }
}

#[test]
fn a_region_is_opened_for_reading_and_for_no_more() {
    let name = fresh();
    let (writer, ours) = make_named_region(&name, BYTES).unwrap();
    let theirs = open(&name, Use::Read).unwrap();
    let reader = open_region(theirs.as_handle(), BYTES).unwrap();
    writer.write(4_097, b"across words");
    writer.store(64, 7);
    assert_eq!(reader.leased(4_097..4_109), b"across words");
    assert_eq!(reader.load(64), 7);
    assert!(is_refused(&name, Use::Fill), "nobody else writes it");
    for handle in [&ours, &theirs] {
        let found = open_return_page(handle.as_handle()).unwrap_err();
        assert!(
            matches!(found, OpenError::Size { .. }),
            "it has another size: {found:?}"
        );
        let found = open_upload(handle.as_handle(), BYTES).unwrap_err();
        assert!(
            matches!(found, OpenError::System { what: "mapped", .. }),
            "{found:?}"
        );
    }
}

#[test]
fn a_page_and_an_upload_are_opened_for_writing() {
    let name = fresh();
    let (server, _ours) = make_named_return_page(&name).unwrap();
    let reader = open_return_page(open(&name, Use::Fill).unwrap().as_handle()).unwrap();
    reader.store(64, 9);
    assert_eq!((server.load(64), server.len()), (9, RETURN_PAGE_BYTES));
    let name = fresh();
    let (server, _ours) = make_named_upload(&name, 10_000).unwrap();
    let client = open_upload(open(&name, Use::Fill).unwrap().as_handle(), 10_000).unwrap();
    client.write(9_995, b"last!");
    let mut copy = [0; 5];
    server.read(9_995, &mut copy);
    assert_eq!((&copy, server.len()), (b"last!", 10_000));
}

#[test]
fn an_event_is_opened_for_what_it_was_made_for() {
    let (ring, left) = (fresh(), fresh());
    let ours = Event::named(&ring, Kind::Taken, Use::Wait).unwrap();
    let theirs = Event::passed(open(&ring, Use::Wait).unwrap(), Kind::Taken).unwrap();
    ours.set().unwrap();
    assert!(theirs.is_set().unwrap());
    assert!(!ours.is_set().unwrap(), "who saw it took it");
    assert!(theirs.set().is_err());
    assert!(is_refused(&ring, Use::Set));
    let found = Event::passed(open(&ring, Use::Wait).unwrap(), Kind::Stays).unwrap_err();
    assert!(matches!(found, EventError::Kind { .. }), "{found:?}");
    let ours = Event::named(&left, Kind::Stays, Use::Set).unwrap();
    let theirs = Event::passed(open(&left, Use::Set).unwrap(), Kind::Stays).unwrap();
    theirs.set().unwrap();
    assert!(ours.is_set().unwrap() && ours.is_set().unwrap());
}

#[test]
fn what_is_of_another_kind_or_size_is_refused() {
    let (section, event) = (fresh(), fresh());
    let (_memory, _section) = make_named_region(&section, BYTES).unwrap();
    let _event = Event::named(&event, Kind::Stays, Use::Wait).unwrap();
    for (name, good_for, noun) in [
        (&event, Use::Read, "shared memory"),
        (&event, Use::Fill, "shared memory"),
        (&section, Use::Wait, "an event"),
        (&section, Use::Set, "an event"),
    ] {
        let found = open(name, good_for).unwrap_err();
        assert!(matches!(found, NameError::Kind { .. }), "{found:?}");
        let words = format!("expected {name} to name {noun}, found something else");
        assert_eq!(found.to_string(), words);
    }
    let opened = open(&section, Use::Read).unwrap();
    let found = open_region(opened.as_handle(), BYTES + 1).unwrap_err();
    assert!(matches!(found, OpenError::Size { .. }), "{found:?}");
}

#[test]
fn a_name_that_somebody_made_first_is_not_shared() {
    let (section, event) = (fresh(), fresh());
    let (_memory, _section) = make_named_region(&section, BYTES).unwrap();
    let _event = Event::named(&event, Kind::Stays, Use::Set).unwrap();
    for name in [section, event] {
        let made = [
            make_named_region(&name, BYTES).err(),
            make_named_return_page(&name).err(),
            make_named_upload(&name, BYTES).err(),
        ];
        for found in made {
            let found = found.unwrap();
            assert!(
                matches!(found, MakeError::Taken { name: said } if said == name),
                "{found:?}"
            );
            assert!(found.to_string().contains(&name.to_string()), "{found}");
        }
        let found = Event::named(&name, Kind::Stays, Use::Set).unwrap_err();
        assert_eq!(found.kind(), io::ErrorKind::AlreadyExists, "{found}");
    }
}

#[test]
fn names_are_gone_with_the_last_handle() {
    let (section, event) = (fresh(), fresh());
    assert!(is_refused(&section, Use::Read), "there is none yet");
    let (memory, ours) = make_named_region(&section, BYTES).unwrap();
    let ring = Event::named(&event, Kind::Taken, Use::Wait).unwrap();
    let theirs = open(&section, Use::Read).unwrap();
    drop(ours);
    assert!(!is_refused(&section, Use::Read), "one has it still");
    drop((theirs, ring));
    assert!(is_refused(&event, Use::Wait));
    assert!(is_refused(&section, Use::Read), "it is mapped still");
    make_named_region(&section, BYTES).unwrap();
    memory.store(0, 1);
}

#[test]
fn a_handle_that_was_opened_is_marked_for_nobody() {
    let name = fresh();
    let _event = Event::named(&name, Kind::Stays, Use::Wait).unwrap();
    let opened = open(&name, Use::Wait).unwrap();
    let number = opened.as_handle().as_raw_handle() as usize as u64;
    let found = nearcall_sys::handover::take(number).unwrap_err();
    assert_eq!(found, nearcall_sys::handover::TakeError::Own { number });
}
