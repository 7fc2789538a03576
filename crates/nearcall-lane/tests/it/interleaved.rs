//! Many streams both ways, with little credit, short writes and a random order of everything.

use std::collections::HashMap;

use bytes::{Buf, Bytes, BytesMut};
use fastrand::Rng;
use nearcall_lane::{Call, CommandError, Connection, End, Event, Limits, Side};

/// One side, with what it expects and what it owes.
struct Peer {
    connection: Connection,
    read: BytesMut,
    /// Calls of ours: what is still to be sent, and what came back.
    asked: HashMap<u64, Asked>,
    /// Calls of the peer's: what came, and what is still to be sent.
    served: HashMap<u64, Served>,
    held: Vec<(u64, usize)>,
    to_make: usize,
    ended: usize,
    cancelled: usize,
}

struct Asked {
    sending: Vec<Bytes>,
    sent: Vec<Bytes>,
    closed: bool,
    came: Vec<Bytes>,
}

#[derive(Default)]
struct Served {
    answers: Vec<Bytes>,
    all: bool,
}

fn limits(rng: &mut Rng) -> Limits {
    Limits {
        message_bytes: 300_000,
        stream_window: rng.u32(1..5_000),
        connection_window: rng.u32(1..20_000),
        calls: rng.u32(1..20),
        table_entries: rng.u16(0..4),
        table_bytes: rng.u16(0..60),
    }
}

fn message(rng: &mut Rng) -> Bytes {
    let length = match rng.u8(0..10) {
        0 => 0,
        1 => rng.usize(60_000..200_000),
        2 => rng.usize(1_000..6_000),
        _ => rng.usize(1..100),
    };
    let first = rng.u8(..);
    (0..length)
        .map(|at| first.wrapping_add(at.to_le_bytes()[0]))
        .collect()
}

impl Peer {
    fn new(side: Side, rng: &mut Rng) -> Self {
        Self {
            connection: Connection::new(side, limits(rng)),
            read: BytesMut::new(),
            asked: HashMap::new(),
            served: HashMap::new(),
            held: Vec::new(),
            to_make: 40,
            ended: 0,
            cancelled: 0,
        }
    }

    fn act(&mut self, rng: &mut Rng) {
        match rng.u8(0..6) {
            0 if self.to_make > 0 && self.connection.may_call() => self.make(rng),
            1 | 2 => self.send(rng),
            3 | 4 => self.serve(rng),
            _ => {
                for (stream, length) in self.held.drain(..) {
                    self.connection.release(stream, length);
                }
            }
        }
    }

    fn make(&mut self, rng: &mut Rng) {
        let sending: Vec<Bytes> = (0..rng.usize(0..5)).map(|_| message(rng)).collect();
        let mut left = sending.clone();
        let first = (!left.is_empty() && rng.bool()).then(|| left.remove(0));
        let last = left.is_empty() && rng.bool();
        let mut call = Call::new(format!("/a.B/{}", rng.u8(0..8)).parse().unwrap());
        call.metadata.insert("number", self.to_make.into());
        let id = self.connection.call(call, first, last).unwrap();
        self.to_make -= 1;
        let asked = Asked {
            sending: left,
            sent: sending,
            closed: last,
            came: Vec::new(),
        };
        assert!(self.asked.insert(id, asked).is_none());
    }

    fn send(&mut self, rng: &mut Rng) {
        let ids: Vec<u64> = self.asked.keys().copied().collect();
        let Some(id) = rng.choice(ids) else { return };
        if rng.u8(0..60) == 0 {
            self.connection.cancel(id).unwrap();
            self.asked.remove(&id);
            self.cancelled += 1;
            return;
        }
        let asked = self.asked.get_mut(&id).unwrap();
        if let Some(next) = asked.sending.first() {
            match self.connection.message(id, next.clone()) {
                Ok(()) => drop(asked.sending.remove(0)),
                Err(CommandError::Full { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        } else if !asked.closed {
            asked.closed = true;
            self.connection.close(id).unwrap();
        }
    }

    fn serve(&mut self, rng: &mut Rng) {
        let ids: Vec<u64> = self.served.keys().copied().collect();
        let Some(id) = rng.choice(ids) else { return };
        let served = self.served.get_mut(&id).unwrap();
        if !served.answers.is_empty() {
            let answer = served.answers.remove(0);
            match self.connection.message(id, answer.clone()) {
                Ok(()) => {}
                Err(CommandError::Full { .. }) => served.answers.insert(0, answer),
                Err(error) => panic!("{error}"),
            }
        }
        if served.all && served.answers.is_empty() {
            self.served.remove(&id);
            self.connection.end(id, End::default()).unwrap();
        }
    }

    fn take(&mut self) {
        while let Some(event) = self.connection.receive(&mut self.read).unwrap() {
            match event {
                Event::Call {
                    stream,
                    message,
                    last,
                    call,
                } => {
                    assert!(call.metadata.contains_key("number"));
                    let served = Served {
                        answers: message.into_iter().collect(),
                        all: last,
                    };
                    self.held
                        .extend(served.answers.iter().map(|one| (stream, one.len())));
                    assert!(self.served.insert(stream, served).is_none());
                }
                Event::Message {
                    stream,
                    message,
                    last,
                } => {
                    self.held.push((stream, message.len()));
                    if let Some(served) = self.served.get_mut(&stream) {
                        served.answers.push(message);
                        served.all |= last;
                    } else {
                        self.asked.get_mut(&stream).unwrap().came.push(message);
                    }
                }
                Event::Closed { stream } => self.served.get_mut(&stream).unwrap().all = true,
                Event::Cancelled { stream } => drop(self.served.remove(&stream).unwrap()),
                Event::End {
                    stream, message, ..
                } => {
                    let mut asked = self.asked.remove(&stream).unwrap();
                    self.held
                        .extend(message.iter().map(|one| (stream, one.len())));
                    asked.came.extend(message);
                    assert!(
                        asked.came == asked.sent,
                        "other messages came back than went"
                    );
                    self.ended += 1;
                }
                Event::Hello(_) | Event::Drained { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Writes a part of what there is.
fn write(from: &mut Peer, to: &mut Peer, rng: &mut Rng) {
    let output = from.connection.output();
    assert!(output.remaining() < 512 * 1_024, "the output is bounded");
    let mut slices = [std::io::IoSlice::new(&[]); 8];
    let filled = output.chunks_vectored(&mut slices);
    let all: Vec<u8> = slices[..filled]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect();
    let now = if rng.bool() {
        all.len()
    } else {
        rng.usize(0..=all.len().min(300))
    };
    output.advance(now);
    to.read.extend_from_slice(&all[..now]);
}

fn run(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut a = Peer::new(Side::Connector, &mut rng);
    let mut b = Peer::new(Side::Acceptor, &mut rng);
    for _ in 0..200_000 {
        let (one, other) = if rng.bool() {
            (&mut a, &mut b)
        } else {
            (&mut b, &mut a)
        };
        match rng.u8(0..4) {
            0 | 1 => one.act(&mut rng),
            2 => write(one, other, &mut rng),
            _ => one.take(),
        }
        let done = |peer: &Peer| peer.to_make == 0 && peer.connection.open_calls() == 0;
        if done(&a) && done(&b) {
            assert_eq!(a.ended + a.cancelled, 40);
            assert_eq!(b.ended + b.cancelled, 40);
            return;
        }
    }
    panic!(
        "calls are left that never ended: {:?} {:?}",
        a.connection, b.connection
    );
}

#[test]
fn every_call_ends_once_with_what_was_sent() {
    for seed in 0..60 {
        let outcome = std::panic::catch_unwind(|| run(seed));
        assert!(outcome.is_ok(), "seed {seed}");
    }
}
