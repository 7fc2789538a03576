//! Names that are not as they should be, each refused in words.

use nearcall_frames::Policy;
use nearcall_frames::handles::{HandlesError, Names, Taken, Which};
use nearcall_sys::event::{Event, Kind};
use nearcall_sys::handover::Process;
use nearcall_sys::memory::{OpenError, make_named_region};
use nearcall_sys::name::{Name, NameError, Use, open};

use super::{ALL, BYTES, Server, geometry};

/// What of a set of names is another text.
fn with(names: &Names, which: Which, text: &str) -> Names {
    let mut names = names.clone();
    let place = match which {
        Which::Region => &mut names.region,
        Which::Page => &mut names.page,
        Which::Ring => &mut names.ring,
        Which::Evicted => &mut names.evicted,
        Which::Left => &mut names.left,
        Which::Taken => &mut names.taken,
        other => panic!("{other} has no name"),
    };
    *place = text.to_owned();
    names
}

fn named() -> impl Iterator<Item = Which> {
    ALL.into_iter().filter(|which| *which != Which::Server)
}

/// What comes of a text in the place of one name, of a channel of its own.
fn refused(which: Which, text: &str) -> HandlesError {
    let mut server = Server::new();
    let this = Process::open_to_wait(std::process::id()).unwrap();
    let (grant, bell, names, _page) = server.name(this, Policy::Latest);
    let taken = Taken::named(&with(&names, which, text));
    let found = taken.attach(&grant).unwrap_err();
    assert!(!bell.is_taken());
    let told = nearcall_frames::Doorbell::is_gone(&bell);
    assert_eq!(told, which != Which::Left, "{which}: the server is told");
    found
}

#[test]
fn texts_that_are_no_names() {
    let long = "a".repeat(300);
    let absent = Name::random().unwrap().to_string();
    for which in named() {
        for text in ["", "Global\\nearcall", "..\\..\\x", &long, &absent] {
            let found = refused(which, text);
            let HandlesError::Named {
                which: said,
                source,
            } = &found
            else {
                panic!("{which} {text}: {found:?}");
            };
            assert_eq!(*said, which);
            let is_text = matches!(source, NameError::Text { .. });
            assert_eq!(is_text, text != absent, "{text}: {source:?}");
            assert!(found.to_string().contains(&which.to_string()), "{found}");
        }
    }
}

#[test]
fn names_of_something_else() {
    let (section, event) = (Name::random().unwrap(), Name::random().unwrap());
    let (_memory, _section) = make_named_region(&section, BYTES).unwrap();
    let _event = Event::named(&event, Kind::Taken, Use::Set).unwrap();
    for which in named() {
        let other = match which {
            Which::Region | Which::Page => event,
            _ => section,
        };
        let found = refused(which, &other.to_string());
        let is_kind = matches!(
            found,
            HandlesError::Named {
                source: NameError::Kind { .. },
                ..
            }
        );
        assert!(is_kind, "{which}: {found:?}");
    }
    for which in [Which::Evicted, Which::Left, Which::Taken] {
        let found = refused(which, &event.to_string());
        assert!(
            matches!(found, HandlesError::Event { .. }),
            "it stays not set: {found:?}"
        );
    }
}

#[test]
fn memory_of_another_size_or_for_another_use() {
    let small = Name::random().unwrap();
    let bytes = geometry().region_bytes() - 4_096;
    let (_memory, _section) = make_named_region(&small, bytes).unwrap();
    let found = refused(Which::Region, &small.to_string());
    let is_size = matches!(
        found,
        HandlesError::Open {
            which: Which::Region,
            source: OpenError::Size { .. }
        }
    );
    assert!(is_size, "{found:?}");
    let found = refused(Which::Page, &small.to_string());
    let is_refused = matches!(
        found,
        HandlesError::Named {
            which: Which::Page,
            source: NameError::System { .. }
        }
    );
    assert!(is_refused, "a region is written by its maker: {found:?}");
}

#[test]
fn a_server_that_is_no_process() {
    let mut server = Server::new();
    let this = Process::open_to_wait(std::process::id()).unwrap();
    let (grant, bell, mut names, _page) = server.name(this, Policy::Latest);
    names.server = u32::MAX - 3;
    let found = Taken::named(&names).attach(&grant).unwrap_err();
    let HandlesError::Process { pid, .. } = found else {
        panic!("{found:?}");
    };
    assert_eq!(pid, u32::MAX - 3);
    assert!(
        nearcall_frames::Doorbell::is_gone(&bell),
        "the server is told"
    );
}

#[test]
fn a_page_that_is_taken_is_opened_by_nobody_else() {
    let mut server = Server::new();
    let this = Process::open_to_wait(std::process::id()).unwrap();
    let (grant, bell, names, page) = server.name(this, Policy::Latest);
    let name = Name::parse(&names.page).unwrap();
    open(&name, Use::Fill).unwrap();
    let attached = Taken::named(&names).attach(&grant).unwrap();
    assert!(bell.is_taken());
    drop(page);
    let found = open(&name, Use::Fill).unwrap_err();
    assert!(matches!(found, NameError::System { .. }), "{found:?}");
    drop(attached);
}
