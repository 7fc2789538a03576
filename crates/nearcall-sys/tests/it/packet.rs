//! Messages, descriptors and doorbells, over sockets that keep messages apart and over streams.

use std::fs::File;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nearcall_sys::packet::{
    DESCRIPTORS_MAX, Listener, RING, ReceiveError, Rung, Socket, connect, drop_sent, pair,
};
use rustix::io::FdFlags;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

#[cfg(any(target_os = "macos", nearcall_posix))]
mod stream;

/// Far above how many rings any socket buffer holds.
const RINGS_MAX: usize = 100_000;

const LONG: Duration = Duration::from_secs(10);

/// What goes over the socket for a message.
fn on_the_wire(message: &[u8]) -> Vec<u8> {
    if cfg!(any(target_os = "macos", nearcall_posix)) {
        let length = u16::try_from(message.len()).unwrap().to_le_bytes();
        [length.as_slice(), message].concat()
    } else {
        message.to_vec()
    }
}

/// Sends as many descriptors as one likes, as a hostile peer would.
fn send_many(socket: &Socket, bytes: &[u8], descriptor: &OwnedFd, count: usize) {
    let descriptors = vec![descriptor.as_fd(); count];
    let mut space = vec![MaybeUninit::uninit(); 16 + 8 * count + 64];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    rustix::net::sendmsg(
        socket,
        &[IoSlice::new(bytes)],
        &mut control,
        SendFlags::empty(),
    )
    .unwrap();
}

#[test]
fn descriptors_arrive_and_are_closed_on_exec() {
    let (one, other) = pair().unwrap();
    let (read, write) = pipe();
    one.send(b"take this", &[write.as_fd()]).unwrap();
    drop(write);
    let mut buffer = [0; 64];
    let received = other.receive(&mut buffer, 1).unwrap();
    assert_eq!(&buffer[..received.length], b"take this");
    let [passed] = <[OwnedFd; 1]>::try_from(received.descriptors).unwrap();
    assert!(
        rustix::io::fcntl_getfd(&passed)
            .unwrap()
            .contains(FdFlags::CLOEXEC)
    );
    File::from(passed).write_all(b"through").unwrap();
    let mut text = String::new();
    File::from(read).read_to_string(&mut text).unwrap();
    assert_eq!(text, "through");
}

#[test]
fn descriptors_that_nobody_asked_for_are_closed() {
    // 253 is SCM_MAX_FD, the most that the kernel passes at once.
    for (sent, expected) in [
        (1, 0),
        (2, 1),
        (5, DESCRIPTORS_MAX),
        (253, DESCRIPTORS_MAX),
        (253, 0),
    ] {
        let (one, other) = pair().unwrap();
        let (read, write) = pipe();
        send_many(&one, &on_the_wire(b"gift"), &write, sent);
        drop(write);
        let received = other.receive(&mut [0; 64], expected);
        assert!(
            matches!(received, Err(ReceiveError::TooManyDescriptors { most }) if most == expected),
            "{sent} sent, {expected} expected: {received:?}"
        );
        assert!(
            is_at_its_end(&read),
            "{sent} sent, {expected} expected: all of them must be closed"
        );
        one.send(b"again", &[]).unwrap();
        assert!(
            other.receive(&mut [0; 64], 0).is_ok(),
            "the connection goes on"
        );
    }
}

#[test]
fn a_message_is_whole_or_refused() {
    let (one, other) = pair().unwrap();
    assert!(matches!(
        other.receive(&mut [0; 8], 0),
        Err(ReceiveError::Nothing)
    ));
    one.send(b"123456789", &[]).unwrap();
    one.send(b"12345678", &[]).unwrap();
    let mut buffer = [0; 8];
    assert!(matches!(
        other.receive(&mut buffer, 0),
        Err(ReceiveError::TooLong { most: 8 })
    ));
    assert_eq!(other.receive(&mut buffer, 0).unwrap().length, 8);
    assert_eq!(
        one.send(b"", &[]).unwrap_err().kind(),
        ErrorKind::InvalidInput,
        "an empty message would look like the end"
    );
    let file = File::open("/dev/null").unwrap();
    let many = [file.as_fd(); DESCRIPTORS_MAX + 1];
    assert_eq!(
        one.send(b"x", &many).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

/// Whether something comes to hold. A program that another test starts has a copy of every descriptor for a moment, and
/// keeps a socket open that was closed here.
fn soon(holds: impl Fn() -> bool) -> bool {
    let until = Instant::now() + LONG;
    while !holds() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// A pipe, whose ends the programs that other tests start do not keep.
fn pipe() -> (OwnedFd, OwnedFd) {
    let (read, write) = std::io::pipe().unwrap();
    (read.into(), write.into())
}

/// Whether no copy of a pipe's write end is open any more.
fn is_at_its_end(read: &OwnedFd) -> bool {
    rustix::io::ioctl_fionbio(read, true).unwrap();
    soon(|| rustix::io::read(read, &mut [0; 1]) == Ok(0))
}

#[test]
fn ringing_never_waits() {
    let (one, other) = pair().unwrap();
    // What the peer does with its end's flags is its own affair: unlike those of an eventfd, they are not shared.
    rustix::io::ioctl_fionbio(&other, false).unwrap();
    let mut rings = 0;
    while one.ring() == Rung::Yes {
        rings += 1;
        assert!(rings < RINGS_MAX, "a peer that takes no rings must fill up");
    }
    assert_eq!(one.ring(), Rung::Full);
    assert_eq!(
        one.send(b"words", &[]).unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "nor does sending"
    );
    let mut buffer = [0; 8];
    assert_eq!(other.receive(&mut buffer, 0).unwrap().length, 1);
    assert_eq!(buffer[0], RING);
    drop(other);
    assert!(
        soon(|| one.ring() == Rung::Gone),
        "and a peer that is gone is told from one that is slow"
    );
}

#[test]
fn the_end_is_seen_from_either_side() {
    let (one, other) = pair().unwrap();
    assert!(!one.is_hung_up().unwrap());
    assert!(!one.wait(Duration::ZERO).unwrap());
    let waiter = std::thread::spawn(move || {
        let seen = one.wait(LONG).unwrap();
        (seen, one.is_hung_up().unwrap(), one.receive(&mut [0; 8], 0))
    });
    drop(other);
    let (seen, hung_up, received) = waiter.join().unwrap();
    assert!(seen && hung_up);
    assert!(
        matches!(received, Err(ReceiveError::Closed)),
        "{received:?}"
    );
}

#[test]
fn one_side_may_end_and_still_hear_the_other() {
    let (one, other) = pair().unwrap();
    one.shut_down().unwrap();
    assert!(matches!(
        other.receive(&mut [0; 8], 0),
        Err(ReceiveError::Closed)
    ));
    other.send(b"still here", &[]).unwrap();
    assert!(one.receive(&mut [0; 16], 0).is_ok());
    assert!(!one.is_hung_up().unwrap());
    drop(other);
    assert!(soon(|| one.is_hung_up().unwrap()));
}

#[test]
fn a_listener_says_who_connects() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broker");
    let listener = Listener::bind(&path).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    let client = connect(&path).unwrap();
    let server = listener.accept().unwrap();
    for end in [&client, &server] {
        let found = end.credentials().unwrap();
        assert_eq!(found.pid, std::process::id());
        assert_eq!(found.uid, rustix::process::geteuid().as_raw());
        assert_eq!(found.gid, rustix::process::getegid().as_raw());
    }
    client.send(b"hello", &[]).unwrap();
    assert!(server.wait(LONG).unwrap());
    assert_eq!(server.receive(&mut [0; 8], 0).unwrap().length, 5);
    assert_eq!(
        Listener::bind(&path).unwrap_err().kind(),
        ErrorKind::AddrInUse
    );
    drop(listener);
    let is_refused = |error: std::io::Error| error.kind() == ErrorKind::ConnectionRefused;
    assert!(soon(|| connect(&path).is_err_and(is_refused)));
}

#[test]
fn other_sockets_are_no_peers() {
    let file = File::open("/dev/null").unwrap();
    let socket = Socket::from(OwnedFd::from(file));
    assert!(socket.send(b"x", &[]).is_err());
    assert_eq!(socket.ring(), Rung::Gone);
    assert!(matches!(
        socket.receive(&mut [0; 8], 0),
        Err(ReceiveError::System { .. })
    ));
    assert!(socket.credentials().is_err());
}

#[test]
fn what_was_sent_is_dropped_a_part_at_a_time_with_what_it_carries() {
    let (ours, theirs) = pair().unwrap();
    assert!(!drop_sent(ours.as_fd(), 8), "nothing was sent");
    let own_end = theirs.as_fd();
    for _ in 0..4 {
        theirs.send(&[7; 100], &[own_end]).unwrap();
    }
    assert!(drop_sent(ours.as_fd(), 3), "there is one more");
    drop(theirs);
    assert!(!ours.is_hung_up().unwrap(), "it keeps its own end open");
    assert!(!drop_sent(ours.as_fd(), 3));
    assert!(
        soon(|| ours.is_hung_up().unwrap()),
        "no message does any more"
    );
}
