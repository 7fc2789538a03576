//! Events, what waits for them, and handles that are put into a process and taken there.

use std::os::windows::io::{AsHandle, AsRawHandle};
use std::time::{Duration, Instant};

use nearcall_sys::event::{Event, EventError, Kind, Watch, wait_any};
use nearcall_sys::handover::{Process, Rights, TakeError, take};
use nearcall_sys::memory::make_region;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn this_process() -> Process {
    Process::open(std::process::id()).unwrap()
}

/// What another process would get of an event.
fn passed(event: &Event, kind: Kind, rights: Rights) -> Event {
    let number = this_process().give(event.as_handle(), rights).unwrap();
    Event::passed(take(number).unwrap(), kind).unwrap()
}

#[test]
fn an_event_that_is_taken_is_set_once_however_often_it_was() {
    let event = Event::new(Kind::Taken).unwrap();
    assert!(!event.is_set().unwrap());
    event.set().unwrap();
    event.set().unwrap();
    assert!(event.is_set().unwrap());
    assert!(!event.is_set().unwrap(), "who saw it took it");
}

#[test]
fn an_event_that_stays_is_seen_by_all() {
    let event = Event::new(Kind::Stays).unwrap();
    let theirs = passed(&event, Kind::Stays, Rights::Wait);
    event.set().unwrap();
    assert!(theirs.is_set().unwrap());
    assert!(theirs.is_set().unwrap());
    assert!(event.is_set().unwrap());
}

#[test]
fn a_handle_for_waiting_sets_nothing() {
    let event = Event::new(Kind::Taken).unwrap();
    let theirs = passed(&event, Kind::Taken, Rights::Wait);
    assert!(theirs.set().is_err());
    assert!(!event.is_set().unwrap());
    let theirs = passed(&event, Kind::Taken, Rights::Set);
    theirs.set().unwrap();
    assert!(event.is_set().unwrap());
}

#[test]
fn what_is_no_event_or_of_another_kind_is_refused() {
    let stays = Event::new(Kind::Stays).unwrap();
    let handle = stays.as_handle().try_clone_to_owned().unwrap();
    let found = Event::passed(handle, Kind::Taken).unwrap_err();
    assert!(
        matches!(
            found,
            EventError::Kind {
                expected: Kind::Taken
            }
        ),
        "{found:?}"
    );
    let (_memory, section) = make_region("region", 4_096).unwrap();
    let found = Event::passed(section, Kind::Taken).unwrap_err();
    assert!(matches!(found, EventError::NotEvent { .. }), "{found:?}");
    assert!(found.to_string().contains("expected a handle of an event"));
}

#[test]
fn the_first_that_is_set_ends_the_wait() {
    let (one, other) = (
        Event::new(Kind::Stays).unwrap(),
        Event::new(Kind::Stays).unwrap(),
    );
    let both = [one.as_handle(), other.as_handle()];
    assert_eq!(wait_any(&both, Duration::from_millis(5)).unwrap(), None);
    other.set().unwrap();
    assert_eq!(wait_any(&both, LONG).unwrap(), Some(1));
    one.set().unwrap();
    assert_eq!(wait_any(&both, LONG).unwrap(), Some(0));
}

#[test]
fn a_task_is_told_of_each_ring_and_once_of_what_stays() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let ring = Event::new(Kind::Taken).unwrap();
        let gone = Event::new(Kind::Stays).unwrap();
        let watch = Watch::of(&[ring.as_handle()], &[gone.as_handle()]).unwrap();
        for _ in 0..100 {
            ring.set().unwrap();
            tokio::time::timeout(LONG, watch.news()).await.unwrap();
        }
        gone.set().unwrap();
        tokio::time::timeout(LONG, watch.news()).await.unwrap();
        let again = tokio::time::timeout(Duration::from_millis(50), watch.news()).await;
        assert!(again.is_err(), "what stays is news once");
        ring.set().unwrap();
        tokio::time::timeout(LONG, watch.news()).await.unwrap();
    });
}

#[test]
fn what_was_set_before_the_watch_began_is_news() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let gone = Event::new(Kind::Stays).unwrap();
    gone.set().unwrap();
    let watch = Watch::of(&[], &[gone.as_handle()]).unwrap();
    runtime.block_on(async { tokio::time::timeout(LONG, watch.news()).await.unwrap() });
}

#[test]
fn a_watch_that_is_dropped_lets_go_at_once() {
    let ring = Event::new(Kind::Taken).unwrap();
    let since = Instant::now();
    for _ in 0..100 {
        let watch = Watch::of(&[ring.as_handle()], &[]).unwrap();
        ring.set().unwrap();
        drop(watch);
        let _ = ring.is_set().unwrap();
    }
    ring.set().unwrap();
    assert!(ring.is_set().unwrap(), "nobody watches any more");
    assert!(since.elapsed() < LONG);
}

#[test]
fn a_number_is_taken_once_and_only_if_it_was_put_here() {
    let event = Event::new(Kind::Stays).unwrap();
    let own = event.as_handle().as_raw_handle() as usize as u64;
    assert_eq!(take(own).unwrap_err(), TakeError::Own { number: own });
    for number in [0, 1, 7, u64::MAX, u64::MAX - 1, 1 << 32] {
        assert_eq!(take(number).unwrap_err(), TakeError::Number { number });
    }
    let absent = 0x00ff_fff0;
    assert_eq!(
        take(absent).unwrap_err(),
        TakeError::NotOpen { number: absent }
    );
    let number = this_process()
        .give(event.as_handle(), Rights::Same)
        .unwrap();
    let taken = take(number).unwrap();
    assert_eq!(take(number).unwrap_err(), TakeError::Own { number });
    drop(taken);
}

#[test]
fn a_process_is_known_by_a_handle_of_it() {
    let number = this_process().give_this_process().unwrap();
    let server = Process::passed(take(number).unwrap()).unwrap();
    assert!(!server.has_ended());
    let other = Event::new(Kind::Stays).unwrap();
    let other = other.as_handle().try_clone_to_owned().unwrap();
    assert!(Process::passed(other).is_none());
    let own = nearcall_sys::identity::own_sid().unwrap();
    assert_eq!(this_process().sid().unwrap(), *own);
    assert!(Process::open(u32::MAX - 3).is_err());
}
