//! `kill -9` at every step of a reader and of a writer.

use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::time::Instant;

use nearcall_frames::handover::{ClaimError, fetch, hand_over, take_claim};
use nearcall_frames::{Details, Heard, Lease, Next, Policy, Request, Writer};
use nearcall_sys::memory::{ReadOnly, make_region, make_return_page};
use nearcall_sys::packet::{ReceiveError, Socket};

use super::{
    BOUND, BYTES, IDENTITY, LONG, PINS, Server, TICKET, attach, belongings, first_grant, geometry,
    passed_socket, payload, start, step,
};
use crate::dying::{Dying, Fate};

/// Frames that a process in a role reads or writes before it ends of itself: enough to use every slot again.
const FRAMES: u64 = 10;

/// Steps that there are at least; fewer would mean that the faults miss the algorithm.
const STEPS_MIN: u64 = 40;

const POLICY: Policy = Policy::DropOldest { depth: 2 };

pub(super) fn judge_readers() {
    let mut server = Server::new();
    let before = belongings();
    let mut steps = 0;
    loop {
        steps += 1;
        let (mut child, socket) = start("reader", steps);
        let grant = server.serve(&socket, POLICY);
        drop(socket);
        let started = Instant::now();
        let status = loop {
            server.publish();
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < LONG, "the reader ends");
            std::thread::yield_now();
        };
        let died = Instant::now();
        assert_eq!(
            server.writer.reap(),
            [grant.id],
            "step {steps}: the kernel says that it is gone"
        );
        for _ in 0..2 * u64::from(geometry().slots()) {
            server.publish();
        }
        assert!(
            died.elapsed() < BOUND,
            "step {steps}: the survivors go on at once"
        );
        let stats = server.writer.stats(Instant::now());
        assert_eq!((stats.without_slot, stats.subscriptions.len()), (0, 1));
        drop(child);
        assert_eq!(belongings(), before, "step {steps}: nothing is left");
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(9), "step {steps}: {status}");
    }
    assert!(steps > STEPS_MIN, "{steps} steps");
    println!(
        "verdict: readers killed at {} steps, {} frames",
        steps - 1,
        server.writer.latest()
    );
}

pub(super) fn read_and_die() {
    let socket = passed_socket();
    // What this subscription's number is, and where it starts, would come over gRPC; a first look at the region does too.
    let (region, page, grant) = fetch_any(&socket);
    let fate = Fate::new(step());
    let data = Dying::new(region, &fate);
    let mut reader = attach(data, Box::new(Dying::new(page, &fate)), &grant, socket);
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

/// Claims the memory without knowing the subscription's number, which the judge counts up.
fn fetch_any(
    socket: &Socket,
) -> (
    ReadOnly,
    nearcall_sys::memory::Writable,
    nearcall_frames::Grant,
) {
    let mut grant = first_grant(POLICY);
    // The judge's survivor is the first; each process of this role is the next.
    grant.id = nearcall_frames::SubscriptionId::new(step() + 1);
    let (region, page) = fetch(socket, TICKET, &grant).unwrap();
    (region, page, grant)
}

pub(super) fn judge_writers() {
    let before = belongings();
    let mut steps = 0;
    let mut shown = 0;
    loop {
        steps += 1;
        let (mut child, socket) = start("writer", steps);
        let grant = first_grant(POLICY);
        let fetched = fetch(&socket, TICKET, &grant);
        match fetched {
            Ok((region, page)) => {
                let mut reader = attach(region, Box::new(page), &grant, socket);
                let mut held: Vec<Lease<ReadOnly>> = Vec::new();
                // Dead or at its end, the writer hangs up.
                while reader.wait(LONG) != Heard::Gone {
                    if let Ok(Next::Frame(lease)) = reader.next(Instant::now()) {
                        held.push(lease);
                    }
                    if held.len() == PINS as usize {
                        drop(held.remove(0));
                    }
                    if let Next::End(_) = reader
                        .next(Instant::now())
                        .unwrap_or(Next::Nothing { again: None })
                    {
                        break;
                    }
                }
                let status = child.wait().unwrap();
                for lease in &held {
                    assert_eq!(
                        lease[..],
                        payload(lease.seq(), BYTES),
                        "step {steps}: what is held stays"
                    );
                }
                held.clear();
                // Whatever the writer was at, the latest frame is whole.
                if let Some(lease) = reader.newest().unwrap() {
                    assert_eq!(lease[..], payload(lease.seq(), BYTES), "step {steps}");
                    shown = shown.max(lease.seq());
                }
                drop(reader);
                drop(child);
                assert_eq!(belongings(), before, "step {steps}: nothing is left");
                if status.success() {
                    break;
                }
                assert_eq!(status.signal(), Some(9), "step {steps}: {status}");
            }
            // It died before there was a channel.
            Err(ClaimError::Receive(ReceiveError::Closed) | ClaimError::System(_)) => {
                drop(socket);
                assert_eq!(child.wait().unwrap().signal(), Some(9));
                drop(child);
                assert_eq!(belongings(), before, "step {steps}: nothing is left");
            }
            Err(other) => panic!("step {steps}: {other}"),
        }
    }
    assert!(steps > STEPS_MIN, "{steps} steps");
    assert_eq!(
        shown, FRAMES,
        "one that was not killed shows its last frame"
    );
    println!("verdict: writers killed at {} steps", steps - 1);
}

pub(super) fn write_and_die() {
    let socket = passed_socket();
    let (memory, region) = make_region("frames-process-test", geometry().region_bytes()).unwrap();
    let memory = Dying::new(memory, &Fate::new(step()));
    let mut writer = Writer::new(memory, IDENTITY, geometry()).unwrap();
    let (page, descriptor) = make_return_page("frames-process-test-page").unwrap();
    let doorbell = Socket::from(socket.as_fd().try_clone_to_owned().unwrap());
    let request = Request {
        policy: POLICY,
        pins: PINS,
    };
    let grant = writer
        .subscribe(Box::new(page), Box::new(doorbell), request)
        .unwrap();
    assert!(socket.wait(LONG).unwrap());
    assert_eq!(take_claim(&socket).unwrap(), TICKET);
    hand_over(&socket, &grant, region.as_fd(), descriptor).unwrap();
    for seq in 1..=FRAMES {
        let frame = payload(seq, BYTES);
        assert_eq!(
            writer.copy(Instant::now(), &frame, &Details::default()),
            Ok(seq)
        );
    }
}
