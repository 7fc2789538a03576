//! A reader that shares nothing with the server but a socket.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nearcall_frames::handover::claim;
use nearcall_frames::{Heard, Next, Policy, SubscriptionId, Then};
use nearcall_sys::packet::{Listener, connect};

use super::{
    BYTES, LONG, SOCKET, Server, TICKET, belongings, first_grant, in_role, own_path, payload,
};

const POLICY: Policy = Policy::Block {
    max_wait: Duration::from_secs(10),
    then: Then::Evict,
};

const FRAMES: u64 = 50;

/// User, PID, IPC and mount namespaces of its own: the reader is in none of the server's.
const APART: [&str; 6] = [
    "--user",
    "--map-root-user",
    "--pid",
    "--ipc",
    "--mount",
    "--fork",
];

/// A command in namespaces, if they can be made. Root does without the first, which a changed root does not allow.
fn apart() -> Option<Command> {
    let by = |way: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(way);
        command
    };
    let mut ways = [&APART[..], &APART[2..]].into_iter();
    let works = ways.find(|way| {
        let tried = by(way).arg("true").stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    });
    works.map(by)
}

pub(super) fn judge() {
    let Some(mut command) = apart() else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "this check needs unshare(1) and namespaces, and CI has to run it"
        );
        println!("verdict: left out, unshare(1) cannot make namespaces here");
        return;
    };
    let mut server = Server::new();
    let before = belongings();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broker");
    let listener = Listener::bind(&path).unwrap();
    command.arg(own_path());
    let mut command = in_role("foreigner", command);
    command.env(SOCKET, &path).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    let socket = loop {
        match listener.accept() {
            Ok(socket) => break socket,
            Err(_) => assert!(started.elapsed() < LONG, "it connects"),
        }
        std::thread::yield_now();
    };
    assert_ne!(
        socket.credentials().unwrap().pid,
        0,
        "the kernel knows a process in a namespace below"
    );
    let grant = server.serve(&socket, POLICY);
    for _ in 0..FRAMES {
        server.publish();
    }
    assert!(child.wait().unwrap().success(), "it read every frame");
    drop(socket);
    assert_eq!(server.writer.reap(), [grant.id]);
    drop((listener, folder));
    assert_eq!(belongings(), before, "nothing is left");
    println!("verdict: {FRAMES} frames into other namespaces");
}

pub(super) fn read() {
    let path = std::env::var_os(SOCKET).unwrap();
    let mut grant = first_grant(POLICY);
    grant.id = SubscriptionId::new(2);
    let mut reader = claim(connect(path.as_ref()).unwrap(), TICKET, &grant).unwrap();
    let mut next = 1;
    while next <= FRAMES {
        match reader.next(Instant::now()).unwrap() {
            Next::Frame(lease) => {
                assert_eq!(lease.seq(), next);
                assert_eq!(lease[..], payload(next, BYTES));
                next += 1;
            }
            Next::Nothing { .. } => assert_ne!(reader.wait(LONG), Heard::Gone),
            other => panic!("{other:?}"),
        }
    }
}
