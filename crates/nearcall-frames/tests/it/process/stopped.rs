//! A reader that is stopped while it holds a frame.

use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use nearcall_frames::handover::fetch;
use nearcall_frames::{Next, Policy, State, SubscriptionId, Then};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    BYTES, LONG, Server, TICKET, attach, belongings, first_grant, passed_socket, payload, start,
};

const POLICY: Policy = Policy::Block {
    max_wait: Duration::from_millis(50),
    then: Then::Demote,
};

const FRAMES: u64 = 300;

pub(super) fn judge() {
    let mut server = Server::new();
    let before = belongings();
    let (mut child, socket) = start("sleeper", 0);
    let grant = server.serve(&socket, POLICY);
    server.publish();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    heard(&mut output, "holding 1");

    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let start = Instant::now();
    while !is_stopped(child.id()) {
        assert!(start.elapsed() < LONG, "it stops");
        std::thread::yield_now();
    }
    for _ in 0..FRAMES {
        server.publish();
    }
    let stats = server.writer.stats(Instant::now());
    let stopped = stats
        .subscriptions
        .iter()
        .find(|one| one.id == grant.id)
        .unwrap();
    assert_eq!(stopped.state, State::Demoted, "it holds nobody up for long");
    assert_eq!(
        (stopped.pins, stats.without_slot),
        (1, 0),
        "what it holds is kept, and is no harm"
    );
    assert_eq!(server.writer.reap(), [], "stopped is not dead");

    kill_process(pid, Signal::CONT).unwrap();
    child.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    heard(&mut output, "went on");
    // To its end: a process whose output nobody takes fails at that.
    std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    drop(output);
    assert!(child.wait().unwrap().success());
    drop(socket);
    assert_eq!(server.writer.reap(), [grant.id]);
    drop(child);
    assert_eq!(belongings(), before, "nothing is left");
    println!("verdict: a stopped reader held one frame through {FRAMES}");
}

pub(super) fn hold() {
    let socket = passed_socket();
    let mut grant = first_grant(POLICY);
    grant.id = SubscriptionId::new(2);
    let (region, page) = fetch(&socket, TICKET, &grant).unwrap();
    let mut reader = attach(region, Box::new(page), &grant, socket);
    let held = loop {
        match reader.next(Instant::now()).unwrap() {
            Next::Frame(lease) => break lease,
            _ => drop(reader.wait(LONG)),
        }
    };
    println!("holding {}", held.seq());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    assert_eq!(held[..], payload(held.seq(), BYTES), "nobody wrote over it");
    let Next::Gap(gap) = reader.next(Instant::now()).unwrap() else {
        panic!("it was demoted, and lost frames");
    };
    assert_eq!(gap.first, held.seq() + 1);
    let Next::Frame(lease) = reader.next(Instant::now()).unwrap() else {
        panic!("frames go on after the gap");
    };
    assert_eq!(lease.seq(), gap.last + 1);
    println!("went on");
}

fn heard(output: &mut impl BufRead, word: &str) {
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        assert!(
            output.read_line(&mut line).unwrap() > 0,
            "it ended before it said {word:?}"
        );
    }
}

/// Field 3 of `/proc/<pid>/stat`, see `proc_pid_stat(5)`.
fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.starts_with(" T")
}
