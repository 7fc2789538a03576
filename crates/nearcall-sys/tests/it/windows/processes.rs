//! Two processes: this test program in a role, told numbers by its input, and answering by its output.

use std::io::{BufRead, BufReader, Write};
use std::os::windows::io::AsHandle;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use nearcall_sys::event::{Event, Kind, wait_any};
use nearcall_sys::handover::{Process, Rights, take};
use nearcall_sys::memory::{
    make_named_region, make_region, make_return_page, open_region, open_return_page,
};
use nearcall_sys::name::{Name, NameError, Use, is_in_this_session, open};

const ROLE: &str = "NEARCALL_SYS_TEST_ROLE";
const BYTES: usize = 5 * 4_096;

/// Far longer than anything here takes.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// The role that this process has; without one there is nothing to do.
#[test]
fn role() {
    match std::env::var(ROLE).as_deref() {
        Err(_) => {}
        Ok("reader") => read(),
        Ok("watcher") => watch(),
        Ok("server") => serve(),
        Ok("namer") => name(),
        Ok("hidden") => {
            nearcall_sys::process::hide_from_peers().unwrap();
            say("ready");
            std::thread::sleep(LONG);
        }
        Ok("parent") => super::jobs::start_another(),
        Ok("idle") => std::thread::sleep(LONG),
        Ok("taker") => {
            // A process that begins opens handles of its own, which may have the number.
            say("ready");
            let number = told()[0];
            say(format!("{:?}", take(number).map(drop)));
        }
        Ok(other) => panic!("no role is named {other}"),
    }
}

/// This test program in a role.
pub(super) fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "windows::processes::role", "--nocapture"])
        .env(ROLE, role);
    command
}

pub(super) struct Other {
    pub(super) child: Child,
    says: BufReader<ChildStdout>,
}

impl Other {
    fn start(role: &str) -> Self {
        Self::spawn(&mut command(role))
    }

    pub(super) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Self { child, says }
    }

    fn tell(&mut self, numbers: &[u64]) {
        let text: Vec<_> = numbers.iter().map(u64::to_string).collect();
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{}", text.join(" ")).unwrap();
        input.flush().unwrap();
    }

    /// The next line that is meant for this process; a test program says more.
    pub(super) fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.says.read_line(&mut line).unwrap(),
                0,
                "the other ended"
            );
            // What the test program says of itself may come before it on the same line.
            if let Some((_, said)) = line.split_once("said: ") {
                return said.trim().to_owned();
            }
        }
    }

    fn process(&self) -> Process {
        Process::open(self.child.id()).unwrap()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "said: {what}").unwrap();
    out.flush().unwrap();
}

fn told() -> Vec<u64> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect()
}

/// A region and a page, and a bell that says when to look.
fn read() {
    let [region, page, ring] = <[u64; 3]>::try_from(told()).unwrap();
    let region = open_region(take(region).unwrap().as_handle(), BYTES).unwrap();
    let page = open_return_page(take(page).unwrap().as_handle()).unwrap();
    let ring = Event::passed(take(ring).unwrap(), Kind::Taken).unwrap();
    say("ready");
    assert_eq!(wait_any(&[ring.as_handle()], LONG).unwrap(), Some(0));
    say(String::from_utf8_lossy(region.leased(4_096..4_109)));
    page.store(64, region.load(0) + 1);
    say("stored");
    // Until it is killed.
    std::thread::sleep(LONG);
}

#[test]
fn memory_is_shared_and_what_is_rung_wakes() {
    let mut reader = Other::start("reader");
    let (region, theirs) = make_region("region", BYTES).unwrap();
    let (page, page_theirs) = make_return_page("page").unwrap();
    let ring = Event::new(Kind::Taken).unwrap();
    let process = reader.process();
    let numbers = [
        process.give(theirs.as_handle(), Rights::Same).unwrap(),
        process.give(page_theirs.as_handle(), Rights::Same).unwrap(),
        process.give(ring.as_handle(), Rights::Wait).unwrap(),
    ];
    drop((theirs, page_theirs));
    reader.tell(&numbers);
    assert_eq!(reader.hear(), "ready");
    region.write(4_096, b"hello, reader");
    region.store(0, 41);
    ring.set().unwrap();
    assert_eq!(reader.hear(), "hello, reader");
    assert_eq!(reader.hear(), "stored");
    assert_eq!(page.load(64), 42);
    assert!(!process.has_ended());
    reader.kill();
    assert_eq!(
        wait_any(&[process.as_handle()], LONG).unwrap(),
        Some(0),
        "its end is told"
    );
    assert!(process.has_ended());
    assert_eq!(page.load(64), 42, "what it wrote is still there");
}

/// Waits for a bell or for the other's end, whichever comes.
fn watch() {
    let [region, ring, server] = <[u64; 3]>::try_from(told()).unwrap();
    let region = open_region(take(region).unwrap().as_handle(), BYTES).unwrap();
    let ring = Event::passed(take(ring).unwrap(), Kind::Taken).unwrap();
    let server = Process::passed(take(server).unwrap()).unwrap();
    say("ready");
    let both = [ring.as_handle(), server.as_handle()];
    let woken = wait_any(&both, LONG).unwrap();
    let kept = String::from_utf8_lossy(region.leased(0..4)).into_owned();
    say(format!("{woken:?} {kept}"));
}

/// Makes memory for the process that it is told of, and waits to be killed.
fn serve() {
    let [pid] = <[u64; 1]>::try_from(told()).unwrap();
    let reader = Process::open(u32::try_from(pid).unwrap()).unwrap();
    let (region, theirs) = make_region("region", BYTES).unwrap();
    let ring = Event::new(Kind::Taken).unwrap();
    region.write(0, b"kept");
    let numbers = [
        reader.give(theirs.as_handle(), Rights::Same).unwrap(),
        reader.give(ring.as_handle(), Rights::Wait).unwrap(),
        reader.give_this_process().unwrap(),
    ];
    say(format!("{} {} {}", numbers[0], numbers[1], numbers[2]));
    std::thread::sleep(LONG);
}

#[test]
fn a_killed_server_is_noticed_and_what_it_gave_stays() {
    let (mut server, mut reader) = (Other::start("server"), Other::start("watcher"));
    server.tell(&[reader.child.id().into()]);
    let numbers: Vec<u64> = server
        .hear()
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    reader.tell(&numbers);
    assert_eq!(reader.hear(), "ready");
    server.kill();
    assert_eq!(reader.hear(), "Some(1) kept");
}

#[test]
fn nothing_is_put_into_a_process_that_has_ended() {
    let mut reader = Other::start("reader");
    let process = reader.process();
    reader.kill();
    let event = Event::new(Kind::Taken).unwrap();
    assert!(process.give(event.as_handle(), Rights::Wait).is_err());
    assert!(process.has_ended());
}

#[test]
fn what_is_taken_back_is_there_no_more() {
    let event = Event::new(Kind::Taken).unwrap();
    for (back, expected) in [(false, "Ok(())"), (true, "Err(")] {
        let mut taker = Other::start("taker");
        assert_eq!(taker.hear(), "ready");
        let process = taker.process();
        let number = process.give(event.as_handle(), Rights::Wait).unwrap();
        if back {
            process.take_back(number);
        }
        taker.tell(&[number]);
        let found = taker.hear();
        assert!(found.starts_with(expected), "{found}");
    }
}

/// Makes things under names, and waits to be killed.
fn name() {
    let (section, event) = (Name::random().unwrap(), Name::random().unwrap());
    let (region, _handle) = make_named_region(&section, BYTES).unwrap();
    let _event = Event::named(&event, Kind::Stays, Use::Set).unwrap();
    region.write(0, b"kept");
    say(format!("{section} {event}"));
    std::thread::sleep(LONG);
}

/// What [`name`] made.
fn named(by: &mut Other) -> [Name; 2] {
    let names = by.hear();
    let (section, event) = names.split_once(' ').unwrap();
    [section, event].map(|text| Name::parse(text).unwrap())
}

#[test]
fn names_of_a_killed_process_are_gone_and_what_was_opened_stays() {
    let (mut opened, mut unopened) = (Other::start("namer"), Other::start("namer"));
    let [section, event] = named(&mut opened);
    let handle = open(&section, Use::Read).unwrap();
    let region = open_region(handle.as_handle(), BYTES).unwrap();
    let left = Event::passed(open(&event, Use::Set).unwrap(), Kind::Stays).unwrap();
    opened.kill();
    assert_eq!(region.leased(0..4), b"kept");
    left.set().unwrap();
    drop((handle, region, left));
    let names = named(&mut unopened);
    unopened.kill();
    for (section, event) in [(section, event), (names[0], names[1])] {
        for (name, good_for) in [(section, Use::Read), (event, Use::Set)] {
            let found = open(&name, good_for).unwrap_err();
            assert!(matches!(found, NameError::System { .. }), "{found:?}");
        }
    }
}

#[test]
fn a_process_that_hides_is_waited_for_and_takes_no_handles() {
    let mut hidden = Other::start("hidden");
    assert_eq!(hidden.hear(), "ready");
    let pid = hidden.child.id();
    let found = Process::open(pid).unwrap_err();
    assert_eq!(
        found.kind(),
        std::io::ErrorKind::PermissionDenied,
        "{found}"
    );
    assert!(is_in_this_session(pid));
    let process = Process::open_to_wait(pid).unwrap();
    let event = Event::new(Kind::Taken).unwrap();
    assert!(process.give(event.as_handle(), Rights::Wait).is_err());
    assert!(!process.has_ended());
    nearcall_sys::process::kill(pid).unwrap();
    assert_eq!(wait_any(&[process.as_handle()], LONG).unwrap(), Some(0));
    assert!(!is_in_this_session(u32::MAX - 3), "there is none");
}
