//! Channels between processes that are killed, stopped and hostile.
//!
//! Each test starts a judge, a process of its own, so that what it counts (descriptors, mappings) is its own. The judge
//! starts the others. All of them are this test binary in a role.

mod evil;
mod killed;
#[cfg(target_os = "linux")]
mod namespaces;
#[cfg(target_os = "linux")]
mod stopped;

use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nearcall_frames::handover::{hand_over, take_claim};
use nearcall_frames::{
    Details, Geometry, Grant, Next, Policy, Reader, Request, SubscriptionId, Writer,
};
use nearcall_sys::memory::{ReadOnly, Writable, make_region, make_return_page, open_region};
use nearcall_sys::packet::{Socket, pair};
use std::os::fd::AsFd;
use std::sync::Arc;

use nearcall_frames::memory::Heap;

use super::{IDENTITY, payload};

const ROLE: &str = "NEARCALL_FRAMES_TEST_ROLE";
const STEP: &str = "NEARCALL_FRAMES_TEST_STEP";
const SOCKET: &str = "NEARCALL_FRAMES_TEST_SOCKET";
const TICKET: [u8; 16] = [9; 16];
const BYTES: usize = 512;
const PINS: u32 = 2;

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// Within this, survivors have to have gone on.
const BOUND: Duration = Duration::from_secs(1);

#[test]
fn readers_killed_at_every_step() {
    judged("reader-killed");
}

#[test]
fn writers_killed_at_every_step() {
    judged("writer-killed");
}

#[cfg(target_os = "linux")]
#[test]
fn a_stopped_reader() {
    judged("stopped");
}

#[test]
fn an_evil_client() {
    judged("evil");
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_in_namespaces_of_its_own() {
    judged("namespaces");
}

/// The role that this process has; without one there is nothing to do.
#[test]
fn role() {
    match std::env::var(ROLE).as_deref() {
        Err(_) => {}
        Ok("reader-killed") => killed::judge_readers(),
        Ok("reader") => killed::read_and_die(),
        Ok("writer-killed") => killed::judge_writers(),
        Ok("writer") => killed::write_and_die(),
        #[cfg(target_os = "linux")]
        Ok("stopped") => stopped::judge(),
        #[cfg(target_os = "linux")]
        Ok("sleeper") => stopped::hold(),
        Ok("evil") => evil::judge(),
        Ok("attacker") => evil::attack(),
        #[cfg(target_os = "linux")]
        Ok("namespaces") => namespaces::judge(),
        #[cfg(target_os = "linux")]
        Ok("foreigner") => namespaces::read(),
        Ok(other) => panic!("no role is named {other}"),
    }
}

fn judged(role: &str) {
    let output = in_role(role, Command::new(own_path())).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{role}: {text}\n{errors}");
    let verdict = text.lines().find(|line| line.contains("verdict: "));
    println!("{role}: {}", verdict.expect("the judge says what it saw"));
}

fn own_path() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

fn in_role(role: &str, mut command: Command) -> Command {
    command.args(["--exact", "process::role", "--nocapture"]);
    command.env(ROLE, role);
    command
}

/// Starts a process in a role, with one end of a new connection.
fn start(role: &str, step: u64) -> (Child, Socket) {
    let (ours, theirs) = pair().unwrap();
    let theirs = theirs.as_fd().try_clone_to_owned().unwrap();
    let mut command = in_role(role, Command::new(own_path()));
    let passed = nearcall_sys::process::pass_descriptor(&mut command, theirs);
    command.env(SOCKET, passed.number().to_string());
    command.env(STEP, step.to_string());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let child = command.spawn().unwrap();
    drop(passed);
    (child, ours)
}

/// The end of the connection that the starter of this process passed on.
fn passed_socket() -> Socket {
    let number = std::env::var(SOCKET).unwrap().parse().unwrap();
    Socket::from(nearcall_sys::inherit::take(Some(number)).unwrap())
}

fn step() -> u64 {
    std::env::var(STEP).unwrap().parse().unwrap()
}

fn geometry() -> Geometry {
    Geometry::new(2 + 1 + 2 * PINS, BYTES, 1).unwrap()
}

/// What a writer grants to its first reader; both sides know it, as they would from gRPC.
fn first_grant(policy: Policy) -> Grant {
    Grant {
        id: SubscriptionId::new(1),
        identity: IDENTITY,
        geometry: geometry(),
        pins: PINS,
        policy,
        first: 1,
    }
}

/// A server with a channel, and a reader within it that must lose nothing whatever becomes of the others.
struct Server {
    writer: Writer<Writable>,
    region: OwnedFd,
    survivor: Reader<ReadOnly>,
}

impl Server {
    fn new() -> Self {
        let (memory, region) =
            make_region("frames-process-test", geometry().region_bytes()).unwrap();
        let mut writer = Writer::new(memory, IDENTITY, geometry()).unwrap();
        let page = Arc::new(Heap::return_page());
        let request = Request {
            policy: Policy::DropOldest { depth: 2 },
            pins: PINS,
        };
        let theirs = Box::new(Arc::clone(&page));
        let grant = writer
            .subscribe(theirs, Box::new(nearcall_frames::Silent), request)
            .unwrap();
        let view = open_region(region.as_fd(), geometry().region_bytes()).unwrap();
        let survivor = Reader::attach(view, Box::new(page), &grant).unwrap();
        Self {
            writer,
            region,
            survivor,
        }
    }

    /// Grants a subscription to who is at the other end, and hands the memory over once it claims it.
    fn serve(&mut self, socket: &Socket, policy: Policy) -> Grant {
        let (page, descriptor) = make_return_page("frames-process-test-page").unwrap();
        let doorbell = Socket::from(socket.as_fd().try_clone_to_owned().unwrap());
        let request = Request { policy, pins: PINS };
        let grant = self
            .writer
            .subscribe(Box::new(page), Box::new(doorbell), request)
            .unwrap();
        assert!(socket.wait(LONG).unwrap(), "the client claims its memory");
        assert_eq!(take_claim(socket).unwrap(), TICKET);
        hand_over(socket, &grant, self.region.as_fd(), descriptor).unwrap();
        grant
    }

    /// Publishes one frame, and has the survivor take it.
    fn publish(&mut self) -> u64 {
        let seq = self.writer.latest() + 1;
        let now = Instant::now();
        let mut loan = self.writer.loan_waiting().unwrap();
        loan.write(0, &payload(seq, BYTES)).unwrap();
        assert_eq!(loan.publish(BYTES, &Details::default()), Ok(seq));
        match self.survivor.next(now).unwrap() {
            Next::Frame(lease) => {
                assert_eq!(lease.seq(), seq);
                assert_eq!(lease[..], payload(seq, BYTES));
            }
            other => panic!("the survivor lost frame {seq}: {other:?}"),
        }
        seq
    }
}

/// What a process has of the kernel's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Belongings {
    descriptors: usize,
    mappings: usize,
}

#[cfg(target_os = "linux")]
fn belongings() -> Belongings {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let shared = |line: &&str| line.contains("/memfd:") || line.contains("/dev/shm/nearcall.");
    Belongings {
        descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        mappings: maps.lines().filter(shared).count(),
    }
}

/// macOS lists the descriptors; nothing short of another program lists the mappings.
#[cfg(not(target_os = "linux"))]
fn belongings() -> Belongings {
    Belongings {
        descriptors: std::fs::read_dir("/dev/fd").unwrap().count(),
        mappings: 0,
    }
}

/// Attaches with a client's own socket as its hearing.
fn attach<D>(
    data: D,
    page: Box<dyn nearcall_frames::memory::Memory>,
    grant: &Grant,
    socket: Socket,
) -> Reader<D>
where
    D: nearcall_frames::memory::Source,
{
    let reader = Reader::attach(data, page, grant).unwrap();
    reader.with_hearing(Box::new(socket))
}
