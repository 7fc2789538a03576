//! Processes that are ended at every step of a reader and of a writer.
//!
//! This process is the judge; the others are this test program in a role, told numbers by their input and answering by
//! their output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nearcall_frames::handles::{Names, Numbers, Taken};
use nearcall_frames::{Details, Grant, Heard, Lease, Next, Policy, Reader, SubscriptionId, Writer};
use nearcall_sys::memory::{ReadOnly, make_named_region};
use nearcall_sys::name::Name;

use super::{BYTES, IDENTITY, LONG, PINS, Server, Told, WAYS, Way, geometry, payload};
use crate::dying::{Dying, Fate};

const ROLE: &str = "NEARCALL_FRAMES_TEST_ROLE";
const STEP: &str = "NEARCALL_FRAMES_TEST_STEP";
const WAY: &str = "NEARCALL_FRAMES_TEST_WAY";

/// Frames that a process in a role reads or writes before it ends of itself: enough to use every slot again.
const FRAMES: u64 = 10;

/// Steps that there are at least; fewer would mean that the faults miss the algorithm.
const STEPS_MIN: u64 = 40;

/// Of the steps of a writer, every so many are enough by names: what it does is the same, and only how its end is told is not.
const STRIDE: u64 = 5;

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

fn start(role: &str, step: u64, way: Way) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "handles::killed::role", "--nocapture"])
        .env(ROLE, role)
        .env(STEP, step.to_string())
        .env(WAY, format!("{way:?}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn step() -> u64 {
    std::env::var(STEP).unwrap().parse().unwrap()
}

/// The way that this process's role was told.
fn way() -> Way {
    let said = std::env::var(WAY).unwrap();
    let way = WAYS.into_iter().find(|way| format!("{way:?}") == said);
    way.unwrap()
}

fn write(mut to: impl Write, words: &[String]) {
    writeln!(to, "told: {}", words.join(" ")).unwrap();
    to.flush().unwrap();
}

/// The next line that is meant for this process; none where the other ended before. A test program says more beside.
fn read(mut from: impl BufRead) -> Option<Vec<String>> {
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        if let Some((_, words)) = line.split_once("told: ") {
            return Some(words.split_whitespace().map(str::to_owned).collect());
        }
    }
}

fn in_a_line(told: &Told) -> Vec<String> {
    match told {
        Told::Numbers(numbers) => {
            let Numbers {
                region,
                page,
                ring,
                evicted,
                left,
                taken,
                server,
            } = *numbers;
            let all = [region, page, ring, evicted, left, taken, server];
            all.map(|number| number.to_string()).to_vec()
        }
        Told::Names(names, _page) => {
            let Names {
                region,
                page,
                ring,
                evicted,
                left,
                taken,
                server,
            } = names.clone();
            let server = server.to_string();
            [region, page, ring, evicted, left, taken, server].to_vec()
        }
    }
}

fn take(way: Way, line: &[String]) -> Taken {
    let [region, page, ring, evicted, left, taken, server] =
        <[String; 7]>::try_from(line.to_vec()).unwrap();
    match way {
        Way::Numbers => {
            let number = |word: String| word.parse().unwrap();
            Taken::of(&Numbers {
                region: number(region),
                page: number(page),
                ring: number(ring),
                evicted: number(evicted),
                left: number(left),
                taken: number(taken),
                server: number(server),
            })
        }
        Way::Names => Taken::named(&Names {
            region,
            page,
            ring,
            evicted,
            left,
            taken,
            server: server.parse().unwrap(),
        }),
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
    readers(Way::Numbers);
}

#[test]
fn readers_by_names_killed_at_every_step() {
    readers(Way::Names);
}

fn readers(way: Way) {
    let mut server = Server::new();
    let (mut survivor, _ear, _bell) = server.attach(way, POLICY);
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
        let mut child = start("reader", steps, way);
        let (granted, bell, told) = server.tell(way, child.id(), POLICY);
        let mut line = in_a_line(&told);
        line.extend([granted.id.number(), granted.first].map(|number| number.to_string()));
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
        drop((bell, told));
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
    let mut grant = grant(line[7].parse().unwrap());
    grant.first = line[8].parse().unwrap();
    let (region, page, ear) = take(way(), &line[..7]).open(&grant).unwrap();
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
    writers(Way::Numbers, 1);
}

#[test]
fn writers_by_names_killed_at_many_steps() {
    writers(Way::Names, STRIDE);
}

fn writers(way: Way, stride: u64) {
    let mut steps = 0;
    let mut shown = 0;
    loop {
        steps += stride;
        let mut child = start("writer", steps, way);
        let own = std::process::id().to_string();
        write(child.stdin.as_mut().unwrap(), &[own]);
        let told = read(BufReader::new(child.stdout.as_mut().unwrap()));
        let attached = told.map(|line| take(way, &line).attach(&grant(1)).unwrap());
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
    println!("writers ended at {} steps", (steps - 1) / stride);
}

fn write_and_die() {
    let pid = read(std::io::stdin().lock()).unwrap()[0].parse().unwrap();
    let name = Name::random().unwrap();
    let (memory, region) = make_named_region(&name, geometry().region_bytes()).unwrap();
    let memory = Dying::new(memory, &Fate::new(step()));
    let writer = Writer::new(memory, IDENTITY, geometry()).unwrap();
    let mut server = Server {
        writer,
        region,
        name,
    };
    let (_grant, _bell, told) = server.tell(way(), pid, POLICY);
    write(std::io::stdout().lock(), &in_a_line(&told));
    read(std::io::stdin().lock()).unwrap();
    for seq in 1..=FRAMES {
        let frame = payload(seq, BYTES);
        let copied = server
            .writer
            .copy(Instant::now(), &frame, &Details::default());
        assert_eq!(copied, Ok(seq));
    }
}
