//! Processes that are ended at every step of a reader and of a writer.
//!
//! This process is the judge; the others are this test program in a role, told numbers by their input and answering by
//! their output.

use std::io::{BufRead, BufReader, Write};
use std::os::windows::io::AsHandle;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nearcall_frames::handles::{Bell, Numbers, Taken};
use nearcall_frames::{
    Details, Grant, Heard, Lease, Next, Policy, Reader, Request, SubscriptionId, Writer,
};
use nearcall_sys::handover::Process;
use nearcall_sys::memory::{ReadOnly, make_region, make_return_page};

use super::{BYTES, IDENTITY, LONG, PINS, Server, geometry, payload};
use crate::dying::{Dying, Fate};

const ROLE: &str = "NEARCALL_FRAMES_TEST_ROLE";
const STEP: &str = "NEARCALL_FRAMES_TEST_STEP";

/// Frames that a process in a role reads or writes before it ends of itself: enough to use every slot again.
const FRAMES: u64 = 10;

/// Steps that there are at least; fewer would mean that the faults miss the algorithm.
const STEPS_MIN: u64 = 40;

const POLICY: Policy = Policy::DropOldest { depth: 2 };

/// The role that this process has; without one there is nothing to do.
#[test]
fn role() {
    match std::env::var(ROLE).as_deref() {
        Err(_) => {}
        Ok("reader") => read_and_die(),
        Ok("writer") => write_and_die(),
        Ok(other) => panic!("no role is named {other}"),
    }
}

fn start(role: &str, step: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "handles::killed::role", "--nocapture"])
        .env(ROLE, role)
        .env(STEP, step.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn step() -> u64 {
    std::env::var(STEP).unwrap().parse().unwrap()
}

fn write(mut to: impl Write, numbers: &[u64]) {
    let text: Vec<_> = numbers.iter().map(u64::to_string).collect();
    writeln!(to, "told: {}", text.join(" ")).unwrap();
    to.flush().unwrap();
}

/// The next line of numbers; none where the other ended before. A test program says more beside.
fn read(mut from: impl BufRead) -> Option<Vec<u64>> {
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        if let Some((_, numbers)) = line.split_once("told: ") {
            let numbers = numbers.split_whitespace();
            return Some(numbers.map(|number| number.parse().unwrap()).collect());
        }
    }
}

fn in_a_line(numbers: &Numbers) -> [u64; 7] {
    let Numbers {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    } = *numbers;
    [region, page, ring, evicted, left, taken, server]
}

fn of_a_line(line: &[u64]) -> Numbers {
    let [region, page, ring, evicted, left, taken, server] = line.try_into().unwrap();
    Numbers {
        region,
        page,
        ring,
        evicted,
        left,
        taken,
        server,
    }
}

/// What both sides know, as they would from gRPC.
fn grant(id: u64) -> Grant {
    Grant {
        id: SubscriptionId::new(id),
        identity: IDENTITY,
        geometry: geometry(),
        pins: PINS,
        policy: POLICY,
        first: 1,
    }
}

#[test]
fn readers_killed_at_every_step() {
    let mut server = Server::new();
    let (mut survivor, _ear, _bell) = server.attach(POLICY);
    let mut publish = move |server: &mut Server| {
        let seq = server.publish();
        assert_eq!(
            super::seen(&mut survivor),
            Some(seq),
            "the survivor loses nothing"
        );
    };
    let mut steps = 0;
    loop {
        steps += 1;
        let mut child = start("reader", steps);
        let process = Process::open(child.id()).unwrap();
        let (granted, bell, numbers) = server.give(process, POLICY);
        let mut line = in_a_line(&numbers).to_vec();
        line.extend([granted.id.number(), granted.first]);
        write(child.stdin.as_mut().unwrap(), &line);
        let started = Instant::now();
        let status = loop {
            publish(&mut server);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < LONG, "the reader ends");
            std::thread::yield_now();
        };
        assert_eq!(
            server.writer.reap(),
            [granted.id],
            "step {steps}: its end is told"
        );
        drop(bell);
        for _ in 0..2 * u64::from(geometry().slots()) {
            publish(&mut server);
        }
        let stats = server.writer.stats(Instant::now());
        assert_eq!((stats.without_slot, stats.subscriptions.len()), (0, 1));
        if status.success() {
            break;
        }
        assert_eq!(
            status.code(),
            Some(1),
            "step {steps}: it was ended: {status}"
        );
    }
    assert!(steps > STEPS_MIN, "{steps} steps");
    let frames = server.writer.latest();
    println!("readers ended at {} steps, {frames} frames", steps - 1);
}

fn read_and_die() {
    let line = read(std::io::stdin().lock()).unwrap();
    let mut grant = grant(line[7]);
    grant.first = line[8];
    let (region, page, ear) = Taken::of(&of_a_line(&line[..7])).open(&grant).unwrap();
    let fate = Fate::new(step());
    let page = Box::new(Dying::new(page, &fate));
    let reader = Reader::attach(Dying::new(region, &fate), page, &grant).unwrap();
    let mut reader = reader.with_hearing(Box::new(ear));
    let mut held: Vec<Lease<Dying<ReadOnly>>> = Vec::new();
    let mut taken = 0;
    while taken < FRAMES {
        match reader.next(Instant::now()).unwrap() {
            Next::Frame(lease) => {
                assert_eq!(lease[..], payload(lease.seq(), BYTES));
                held.push(lease);
                taken += 1;
            }
            Next::Nothing { .. } => assert_ne!(reader.wait(LONG), Heard::Gone),
            _ => {}
        }
        if held.len() == PINS as usize {
            drop(held.remove(0));
        }
    }
}

#[test]
fn writers_killed_at_every_step() {
    let mut steps = 0;
    let mut shown = 0;
    loop {
        steps += 1;
        let mut child = start("writer", steps);
        write(child.stdin.as_mut().unwrap(), &[std::process::id().into()]);
        let told = read(BufReader::new(child.stdout.as_mut().unwrap()));
        let attached = told.map(|line| Taken::of(&of_a_line(&line)).attach(&grant(1)).unwrap());
        let Some((mut reader, _ear)) = attached else {
            // It died before there was a channel.
            let status = child.wait().unwrap();
            assert_eq!(status.code(), Some(1), "step {steps}: {status}");
            continue;
        };
        // It goes on once it is told that the reader is there.
        write(child.stdin.as_mut().unwrap(), &[]);
        let mut held: Vec<Lease<ReadOnly>> = Vec::new();
        // Dead or at its end, the writer has left.
        while reader.wait(LONG) != Heard::Gone {
            if let Ok(Next::Frame(lease)) = reader.next(Instant::now()) {
                held.push(lease);
            }
            if held.len() == PINS as usize {
                drop(held.remove(0));
            }
            let next = reader.next(Instant::now());
            if let Next::End(_) = next.unwrap_or(Next::Nothing { again: None }) {
                break;
            }
        }
        let status = child.wait().unwrap();
        for lease in &held {
            let expected = payload(lease.seq(), BYTES);
            assert_eq!(lease[..], expected, "step {steps}: what is held stays");
        }
        held.clear();
        // Whatever the writer was at, the latest frame is whole.
        if let Some(lease) = reader.newest().unwrap() {
            assert_eq!(lease[..], payload(lease.seq(), BYTES), "step {steps}");
            shown = shown.max(lease.seq());
        }
        if status.success() {
            break;
        }
        assert_eq!(
            status.code(),
            Some(1),
            "step {steps}: it was ended: {status}"
        );
    }
    assert!(steps > STEPS_MIN, "{steps} steps");
    assert_eq!(shown, FRAMES, "one that was not ended shows its last frame");
    println!("writers ended at {} steps", steps - 1);
}

fn write_and_die() {
    let pid = read(std::io::stdin().lock()).unwrap()[0];
    let (memory, region) = make_region("frames", geometry().region_bytes()).unwrap();
    let memory = Dying::new(memory, &Fate::new(step()));
    let mut writer = Writer::new(memory, IDENTITY, geometry()).unwrap();
    let (page, theirs) = make_return_page("page").unwrap();
    let bell = Bell::new(Process::open(u32::try_from(pid).unwrap()).unwrap()).unwrap();
    let request = Request {
        policy: POLICY,
        pins: PINS,
    };
    let doorbell = Box::new(bell.clone());
    writer.subscribe(Box::new(page), doorbell, request).unwrap();
    let numbers = bell.hand_over(region.as_handle(), theirs).unwrap();
    write(std::io::stdout().lock(), &in_a_line(&numbers));
    read(std::io::stdin().lock()).unwrap();
    for seq in 1..=FRAMES {
        let frame = payload(seq, BYTES);
        let copied = writer.copy(Instant::now(), &frame, &Details::default());
        assert_eq!(copied, Ok(seq));
    }
}
