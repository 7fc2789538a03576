//! Memory that a reader gets by handles, which are put into its process or opened by names: what is refused, what wakes,
//! and how each side hears of the other's end. `killed` does it between processes.

mod killed;
mod named;

use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::time::{Duration, Instant};

use nearcall_frames::handles::{Bell, Ear, HandlesError, Names, Numbers, Taken, Which};
use nearcall_frames::memory::Lending;
use nearcall_frames::{
    AttachError, Details, Doorbell, Geometry, Grant, Heard, Hearing, Next, Policy, Reader, Request,
    Then, Writer,
};
use nearcall_sys::event::{Event, Kind};
use nearcall_sys::handover::{Process, Rights, TakeError};
use nearcall_sys::memory::{
    OpenError, ReadOnly, Writable, make_named_region, make_named_return_page, make_region,
    make_return_page,
};
use nearcall_sys::name::Name;

use super::{IDENTITY, payload};

const BYTES: usize = 512;
const PINS: u32 = 2;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn geometry() -> Geometry {
    Geometry::new(2 + 1 + 2 * PINS, BYTES, 1).unwrap()
}

/// How a reader comes to have the handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Numbers,
    Names,
}

const WAYS: [Way; 2] = [Way::Numbers, Way::Names];

/// What a reader is told.
enum Told {
    Numbers(Numbers),
    /// And the page, which its maker keeps until it is taken.
    Names(Names, OwnedHandle),
}

impl Told {
    fn take(&self) -> Taken {
        match self {
            Self::Numbers(numbers) => Taken::of(numbers),
            Self::Names(names, _) => Taken::named(names),
        }
    }
}

/// A server with a channel.
struct Server<M: Lending = Writable> {
    writer: Writer<M>,
    region: OwnedHandle,
    name: Name,
}

impl Server {
    fn new() -> Self {
        let name = Name::random().unwrap();
        let (memory, region) = make_named_region(&name, geometry().region_bytes()).unwrap();
        let writer = Writer::new(memory, IDENTITY, geometry()).unwrap();
        Self {
            writer,
            region,
            name,
        }
    }

    /// A reader within this process.
    fn attach(&mut self, way: Way, policy: Policy) -> (Reader<ReadOnly>, Ear, Bell) {
        let (grant, bell, told) = self.tell(way, std::process::id(), policy);
        let (reader, ear) = told.take().attach(&grant).unwrap();
        (reader, ear, bell)
    }

    fn publish(&mut self) -> u64 {
        let seq = self.writer.latest() + 1;
        let frame = payload(seq, BYTES);
        let copied = self
            .writer
            .copy(Instant::now(), &frame, &Details::default());
        assert_eq!(copied, Ok(seq));
        seq
    }
}

impl<M: Lending> Server<M> {
    fn subscribe(&mut self, page: ReadOnly, bell: &Bell, policy: Policy) -> Grant {
        // Those that have left hold nothing.
        self.writer.reap();
        let request = Request { policy, pins: PINS };
        let bell = Box::new(bell.clone());
        self.writer
            .subscribe(Box::new(page), bell, request)
            .unwrap()
    }

    /// Grants a subscription to who is in a process, and puts the memory there.
    fn give(&mut self, reader: Process, policy: Policy) -> (Grant, Bell, Numbers) {
        let (page, theirs) = make_return_page("page").unwrap();
        let bell = Bell::new(reader).unwrap();
        let grant = self.subscribe(page, &bell, policy);
        let numbers = bell.hand_over(self.region.as_handle(), theirs).unwrap();
        (grant, bell, numbers)
    }

    /// Grants a subscription to who is in a process, and says by which names the memory is had.
    fn name(&mut self, reader: Process, policy: Policy) -> (Grant, Bell, Names, OwnedHandle) {
        let name = Name::random().unwrap();
        let (page, theirs) = make_named_return_page(&name).unwrap();
        let (bell, names) = Bell::named(reader).unwrap();
        let grant = self.subscribe(page, &bell, policy);
        (grant, bell, names.with(&self.name, &name), theirs)
    }

    /// The one or the other, to a process of that number.
    fn tell(&mut self, way: Way, pid: u32, policy: Policy) -> (Grant, Bell, Told) {
        match way {
            Way::Numbers => {
                let (grant, bell, numbers) = self.give(Process::open(pid).unwrap(), policy);
                (grant, bell, Told::Numbers(numbers))
            }
            Way::Names => {
                let reader = Process::open_to_wait(pid).unwrap();
                let (grant, bell, names, page) = self.name(reader, policy);
                (grant, bell, Told::Names(names, page))
            }
        }
    }
}

fn this_process() -> Process {
    Process::open(std::process::id()).unwrap()
}

fn seen(reader: &mut Reader<ReadOnly>) -> Option<u64> {
    match reader.next(Instant::now()).unwrap() {
        Next::Frame(lease) => {
            assert_eq!(lease[..], payload(lease.seq(), BYTES));
            Some(lease.seq())
        }
        _ => None,
    }
}

#[test]
fn a_reader_that_sleeps_is_rung_for() {
    for way in WAYS {
        let mut server = Server::new();
        let (mut reader, _ear, bell) = server.attach(way, Policy::DropOldest { depth: 2 });
        assert!(bell.is_taken());
        assert_eq!(reader.wait(Duration::from_millis(5)), Heard::Nothing);
        let sleeper = std::thread::spawn(move || {
            let mut frames = Vec::new();
            while frames.len() < 2 {
                match seen(&mut reader) {
                    Some(seq) => frames.push(seq),
                    None => assert_eq!(reader.wait(LONG), Heard::Ring),
                }
            }
            frames
        });
        server.publish();
        std::thread::sleep(Duration::from_millis(20));
        server.publish();
        assert_eq!(sleeper.join().unwrap(), [1, 2]);
    }
}

#[test]
fn a_reader_that_leaves_is_forgotten_once_its_leases_are_gone() {
    for way in WAYS {
        let mut server = Server::new();
        let (mut reader, ear, bell) = server.attach(way, Policy::Latest);
        server.publish();
        let Next::Frame(lease) = reader.next(Instant::now()).unwrap() else {
            panic!("there is a frame");
        };
        drop((reader, ear));
        assert!(!bell.is_gone(), "a lease is left");
        assert!(server.writer.reap().is_empty());
        for _ in 0..20 {
            server.publish();
        }
        assert_eq!(lease[..], payload(1, BYTES), "and holds its frame");
        drop(lease);
        assert!(bell.is_gone());
        assert_eq!(server.writer.reap().len(), 1);
    }
}

#[test]
fn a_server_that_leaves_is_heard_of_and_what_is_held_stays() {
    for way in WAYS {
        let mut server = Server::new();
        let (mut reader, ear, bell) = server.attach(way, Policy::Latest);
        server.publish();
        let Next::Frame(lease) = reader.next(Instant::now()).unwrap() else {
            panic!("there is a frame");
        };
        assert!(!ear.is_hung_up());
        drop((server, bell));
        assert_eq!(ear.hear(LONG), Heard::Gone);
        assert!(ear.is_hung_up() && ear.is_server_gone());
        assert_eq!(lease[..], payload(1, BYTES));
    }
}

#[test]
fn who_is_evicted_hears_it_and_the_server_is_still_there() {
    for way in WAYS {
        let mut server = Server::new();
        let policy = Policy::Block {
            max_wait: Duration::from_millis(1),
            then: Then::Evict,
        };
        let (reader, ear, _bell) = server.attach(way, policy);
        let start = Instant::now();
        while !ear.is_hung_up() {
            let mut loan = server.writer.loan_waiting().unwrap();
            loan.write(0, b"frame").unwrap();
            loan.publish(5, &Details::default()).unwrap();
            assert!(start.elapsed() < LONG, "it is evicted");
        }
        assert_eq!(ear.hear(LONG), Heard::Gone);
        assert!(!ear.is_server_gone());
        drop(reader);
    }
}

#[test]
fn a_server_tells_a_task_that_all_is_taken_and_that_the_reader_left() {
    for way in WAYS {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let mut server = Server::new();
        let (grant, bell, told) = server.tell(way, std::process::id(), Policy::Latest);
        let watch = bell.watch().unwrap();
        let news = || tokio::time::timeout(LONG, watch.news());
        runtime.block_on(async {
            let reader = told.take().attach(&grant).unwrap();
            news().await.unwrap();
            assert!(bell.is_taken() && !bell.is_gone());
            drop(reader);
            news().await.unwrap();
            assert!(bell.is_gone());
        });
    }
}

/// What of a set of numbers is another handle's.
fn with(numbers: Numbers, which: Which, number: u64) -> Numbers {
    let mut numbers = numbers;
    let place = match which {
        Which::Region => &mut numbers.region,
        Which::Page => &mut numbers.page,
        Which::Ring => &mut numbers.ring,
        Which::Evicted => &mut numbers.evicted,
        Which::Left => &mut numbers.left,
        Which::Taken => &mut numbers.taken,
        _ => &mut numbers.server,
    };
    *place = number;
    numbers
}

const ALL: [Which; 7] = [
    Which::Region,
    Which::Page,
    Which::Ring,
    Which::Evicted,
    Which::Left,
    Which::Taken,
    Which::Server,
];

#[test]
fn handles_that_are_not_the_server_s_are_refused_in_words() {
    let own = Event::new(Kind::Stays).unwrap();
    let own = own.as_handle().as_raw_handle() as usize as u64;
    for which in ALL {
        for number in [0, own] {
            let mut server = Server::new();
            let (grant, bell, numbers) = server.give(this_process(), Policy::Latest);
            let found = Taken::of(&with(numbers, which, number))
                .attach(&grant)
                .unwrap_err();
            let HandlesError::Take {
                which: named,
                source,
            } = &found
            else {
                panic!("{which}: {found:?}");
            };
            assert_eq!(*named, which);
            let is_own = matches!(source, TakeError::Own { .. });
            assert_eq!(is_own, number == own, "{source:?}");
            assert!(found.to_string().contains(&which.to_string()), "{found}");
            assert_eq!(
                bell.is_gone(),
                which != Which::Left,
                "{which}: the server is told"
            );
            assert!(!bell.is_taken());
        }
    }
}

#[test]
fn handles_of_another_kind_are_refused_in_words() {
    let event = Event::new(Kind::Taken).unwrap();
    let (_memory, section) = make_region("strange", 4_096).unwrap();
    for which in ALL {
        let mut server = Server::new();
        let (grant, bell, numbers) = server.give(this_process(), Policy::Latest);
        let other = match which {
            Which::Region | Which::Page | Which::Server => event.as_handle(),
            _ => section.as_handle(),
        };
        let other = this_process().give(other, Rights::Same).unwrap();
        let found = Taken::of(&with(numbers, which, other))
            .attach(&grant)
            .unwrap_err();
        let fits = match which {
            Which::Region | Which::Page => matches!(
                found,
                HandlesError::Open {
                    source: OpenError::NotMemory { .. },
                    ..
                }
            ),
            Which::Server => matches!(found, HandlesError::Server),
            _ => matches!(found, HandlesError::Event { .. }),
        };
        assert!(fits, "{which}: {found:?}");
        assert_eq!(
            bell.is_gone(),
            which != Which::Left,
            "{which}: the server is told"
        );
    }
}

#[test]
fn memory_of_another_size_or_channel_is_refused() {
    let (_memory, small) = make_region("small", geometry().region_bytes() - 4_096).unwrap();
    let (_blank, blank) = make_region("blank", geometry().region_bytes()).unwrap();
    let mut server = Server::new();
    for (section, is_small) in [(&small, true), (&blank, false)] {
        let (grant, _bell, numbers) = server.give(this_process(), Policy::Latest);
        let other = this_process()
            .give(section.as_handle(), Rights::Same)
            .unwrap();
        let numbers = with(numbers, Which::Region, other);
        let found = Taken::of(&numbers).attach(&grant).unwrap_err();
        let fits = match &found {
            HandlesError::Open {
                source: OpenError::Size { .. },
                ..
            } => is_small,
            HandlesError::Attach(AttachError::Header(_)) => !is_small,
            _ => false,
        };
        assert!(fits, "{found:?}");
    }
    let (mut grant, _bell, numbers) = server.give(this_process(), Policy::Latest);
    grant.identity.epoch += 1;
    let found = Taken::of(&numbers).attach(&grant).unwrap_err();
    assert!(
        matches!(found, HandlesError::Attach(AttachError::Identity { .. })),
        "{found:?}"
    );
}
