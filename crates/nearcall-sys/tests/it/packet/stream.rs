//! What a stream does not do by itself: keep messages apart, whatever the peer makes of it.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nearcall_sys::packet::{DESCRIPTORS_MAX, ReceiveError, Rung, Socket, drop_sent, pair};
use rustix::net::SendFlags;

use super::{LONG, is_at_its_end, on_the_wire, pipe, send_many, soon};

/// Sends bytes as they are.
fn send_bytes(socket: &Socket, bytes: &[u8]) {
    assert_eq!(
        rustix::net::send(socket, bytes, SendFlags::empty()),
        Ok(bytes.len())
    );
}

#[test]
fn a_message_that_comes_in_parts_is_put_together() {
    let (one, other) = pair().unwrap();
    let mut buffer = [0; 64];
    let bytes = [on_the_wire(b"in parts"), on_the_wire(b"the next")].concat();
    for (at, byte) in bytes.iter().enumerate() {
        let nothing = other.receive(&mut buffer, 0);
        assert!(
            matches!(nothing, Err(ReceiveError::Nothing)),
            "before byte {at}: {nothing:?}"
        );
        send_bytes(&one, &[*byte]);
        if at == 9 {
            assert_eq!(other.receive(&mut buffer, 0).unwrap().length, 8);
            assert_eq!(&buffer[..8], b"in parts");
        }
    }
    assert_eq!(other.receive(&mut buffer, 0).unwrap().length, 8);
    assert_eq!(&buffer[..8], b"the next");
    // What is in between is no message's; what came at once is two messages all the same.
    send_bytes(&one, &bytes);
    assert_eq!(other.receive(&mut buffer, 0).unwrap().length, 8);
    assert_eq!(other.receive(&mut buffer, 0).unwrap().length, 8);
    assert_eq!(&buffer[..8], b"the next");
}

#[test]
fn descriptors_come_with_their_message_and_no_other() {
    let (one, other) = pair().unwrap();
    let file = File::open("/dev/null").unwrap();
    one.send(b"first", &[]).unwrap();
    one.send(b"second", &[file.as_fd()]).unwrap();
    one.send(b"third", &[]).unwrap();
    for expected in [0, 1, 0] {
        let received = other.receive(&mut [0; 64], DESCRIPTORS_MAX).unwrap();
        assert_eq!(received.descriptors.len(), expected);
    }
}

#[test]
fn descriptors_that_come_with_any_part_count() {
    let (one, other) = pair().unwrap();
    let (read, write) = pipe();
    let bytes = on_the_wire(b"gifts");
    for byte in &bytes {
        send_many(&one, &[*byte], &write, 1);
    }
    drop(write);
    let received = other.receive(&mut [0; 64], DESCRIPTORS_MAX);
    assert!(
        matches!(received, Err(ReceiveError::TooManyDescriptors { .. })),
        "{received:?}"
    );
    assert!(is_at_its_end(&read), "all of them are closed");
    one.send(b"again", &[]).unwrap();
    assert!(other.receive(&mut [0; 64], 0).is_ok(), "it goes on");
}

#[test]
fn a_length_that_no_message_has_ends_the_connection() {
    for length in [0, 1_025, 26_983, u16::MAX] {
        let (one, other) = pair().unwrap();
        one.send(b"before", &[]).unwrap();
        send_bytes(&one, &length.to_le_bytes());
        send_bytes(&one, &on_the_wire(b"after"));
        assert_eq!(other.receive(&mut [0; 64], 0).unwrap().length, 6);
        for _ in 0..3 {
            let ended = other.receive(&mut [0; 64], 0);
            assert!(
                matches!(ended, Err(ReceiveError::Closed)),
                "{length}: {ended:?}"
            );
        }
        assert!(other.is_hung_up().unwrap());
        assert_eq!(other.ring(), Rung::Gone);
        assert!(soon(|| one.is_hung_up().unwrap()), "the peer hears of it");
    }
}

#[test]
fn the_end_within_a_message_is_the_end() {
    let (one, other) = pair().unwrap();
    let bytes = on_the_wire(b"never whole");
    send_bytes(&one, &bytes[..5]);
    assert!(matches!(
        other.receive(&mut [0; 64], 0),
        Err(ReceiveError::Nothing)
    ));
    drop(one);
    assert!(other.wait(LONG).unwrap());
    assert!(soon(|| matches!(
        other.receive(&mut [0; 64], 0),
        Err(ReceiveError::Closed)
    )));
}

#[test]
fn a_message_is_as_long_as_a_kernel_takes_at_once() {
    let (one, other) = pair().unwrap();
    let message = [7; 1_024];
    let mut sent = 0;
    // Full or not, none is cut up: as many as were taken come whole.
    while one.send(&message, &[]).is_ok() {
        sent += 1;
    }
    let full = one.send(&message, &[]).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    assert!(sent > 0);
    let mut buffer = [0; 1_024];
    for _ in 0..sent {
        assert_eq!(other.receive(&mut buffer, 0).unwrap().length, 1_024);
        assert_eq!(buffer, message);
    }
    assert!(matches!(
        other.receive(&mut buffer, 0),
        Err(ReceiveError::Nothing)
    ));
    one.send(&message, &[]).unwrap();
    let longer = one.send(&[7; 1_025], &[]).unwrap_err();
    assert_eq!(longer.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_peer_that_closes_its_half_is_gone() {
    let (one, other) = pair().unwrap();
    one.send(b"last words", &[]).unwrap();
    one.shut_down().unwrap();
    assert!(other.receive(&mut [0; 64], 0).is_ok());
    assert!(other.is_hung_up().unwrap());
}

#[test]
fn what_is_dropped_is_closed_and_counted() {
    let (ours, theirs) = pair().unwrap();
    let (read, write) = pipe();
    for _ in 0..3 {
        send_many(&theirs, &on_the_wire(&[7; 100]), &write, 200);
    }
    drop(write);
    assert!(drop_sent(ours.as_fd(), 1), "there may be more");
    assert!(!drop_sent(ours.as_fd(), 8));
    assert!(is_at_its_end(&read), "none of 600 is left open");
    assert!(!ours.wait(Duration::ZERO).unwrap());
}

#[test]
fn a_socket_that_waits_is_made_one_that_does_not() {
    let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
    let one = Socket::from(OwnedFd::from(one));
    while one.ring() == Rung::Yes {}
    assert_eq!(one.ring(), Rung::Full);
    drop(other);
}
