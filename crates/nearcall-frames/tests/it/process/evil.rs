//! A client that does all the harm it can with what it was given.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::Instant;

use nearcall_frames::handover::fetch;
use nearcall_frames::layout::page;
use nearcall_frames::{Policy, SubscriptionId};
use nearcall_sys::packet::{ReceiveError, Socket};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use super::{BOUND, LONG, Server, TICKET, belongings, first_grant, passed_socket, start};

const FRAMES: u64 = 3_000;

/// Messages that the server looks at between two frames, however many there are.
const MESSAGES_EACH: usize = 8;

/// What a hostile message carries: `SCM_MAX_FD`, the most that the kernel passes at once.
const GIFTS: usize = 253;

pub(super) fn judge() {
    let mut server = Server::new();
    let before = belongings();
    let (mut child, socket) = start("attacker", 0);
    let grant = server.serve(&socket, Policy::Latest);
    let (mut rings, mut gifts) = (0_u64, 0_u64);
    let started = Instant::now();
    let mut published = 0;
    // Until it was seen to attack: a process that has not begun yet harms nobody.
    while published < FRAMES || gifts == 0 || rings == 0 {
        published = server.publish();
        for _ in 0..MESSAGES_EACH {
            match socket.receive(&mut [0; 64], 0) {
                Ok(_) => rings += 1,
                Err(ReceiveError::TooManyDescriptors { .. }) => gifts += 1,
                Err(ReceiveError::Nothing) => break,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(
            started.elapsed() < LONG,
            "{published} frames, {rings} rings, {gifts} gifts"
        );
    }
    let stats = server.writer.stats(Instant::now());
    assert_eq!(
        (stats.without_slot, stats.dropped),
        (0, 0),
        "it took nothing from anyone"
    );
    let evil = stats
        .subscriptions
        .iter()
        .find(|one| one.id == grant.id)
        .unwrap();
    assert!(evil.pins <= evil.pins_granted && evil.lag <= published);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(socket);
    // Its own socket is on its way in what it sent, of which each look takes a part; a stream holds more than packets do.
    let died = Instant::now();
    let gone = loop {
        let gone = server.writer.reap();
        if !gone.is_empty() {
            break gone;
        }
        assert!(died.elapsed() < BOUND, "it is seen to be gone");
    };
    assert_eq!(gone, [grant.id]);
    drop(child);
    assert_eq!(belongings(), before, "none of what it sent is left open");
    println!(
        "verdict: {published} frames beside {rings} rings and {gifts} messages of {GIFTS} descriptors"
    );
}

pub(super) fn attack() {
    let socket = passed_socket();
    let mut grant = first_grant(Policy::Latest);
    grant.id = SubscriptionId::new(2);
    let (region, page) = fetch(&socket, TICKET, &grant).unwrap();
    let mut round = 0_u64;
    let slots = u64::from(grant.geometry.slots());
    loop {
        round += 1;
        for at in (0..page::BYTES).step_by(8) {
            // Pins on every slot in turn, some with the writer's own latest number, some on slots that there are not.
            let latest = region.load(nearcall_frames::layout::header::LATEST);
            let value = match round % 4 {
                0 => u64::MAX,
                1 => latest + 1,
                2 => ((latest >> 16) << 1) | 1,
                _ => (latest & !0xffff) | ((round / 4 + at as u64) % (slots + 2)),
            };
            page.store(at, value);
        }
        if round.is_multiple_of(8) {
            let _ = socket.ring();
            give(&socket);
        }
    }
}

fn give(socket: &Socket) {
    let descriptors = [socket.as_fd(); GIFTS];
    let mut space = [MaybeUninit::uninit(); 16 + 4 * GIFTS + 64];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    // As it goes over the wire: a stream has the message's length in front.
    let gift: &[u8] = if cfg!(any(target_os = "macos", nearcall_posix)) {
        b"\x04\x00gift"
    } else {
        b"gift"
    };
    // It is refused once too many are on their way: the kernel counts them against the sender. That ending the connection
    // raises a signal is nothing to this process, whose runtime ignores it.
    let flags = SendFlags::DONTWAIT;
    let _ = rustix::net::sendmsg(socket, &[IoSlice::new(gift)], &mut control, flags);
}
