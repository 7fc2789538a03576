//! A relay whose peer says what it likes.

use bytes::Buf;
use http::HeaderMap;
use http::uri::PathAndQuery;

use super::*;

/// Numbers that a seed gives.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn says(&mut self, from_server: bool) -> Says {
        match (self.below(6), from_server) {
            (0 | 1, true) => Says::Call(Box::new(Call::new(PathAndQuery::from_static("/a.B/C")))),
            (0, false) => Says::Headers(Box::default()),
            (1, false) => Says::End(Box::default()),
            (2, true) => Says::Close,
            (3, true) => Says::Cancel,
            (4, _) => Says::Taken(u32::try_from(self.below(40)).unwrap_or(u32::MAX)),
            _ => Says::Message(vec![7; usize::try_from(self.below(3_000)).unwrap_or(0)].into()),
        }
    }
}

/// Both ends of the lane, the relay's and the one of who serves or calls.
struct Both {
    relay: Relay,
    other: Connection,
    reads: [BytesMut; 2],
}

impl Both {
    fn new(relay: Relay, side: Side) -> Self {
        let other = Connection::new(side, Limits::default());
        let reads = [BytesMut::new(), BytesMut::new()];
        let mut both = Self {
            relay,
            other,
            reads,
        };
        both.pump();
        both.pump();
        both
    }

    /// Moves what each wrote to the other; what the other was told of.
    fn pump(&mut self) -> Vec<Event> {
        let [of_relay, of_other] = &mut self.reads;
        let output = self.relay.output();
        while output.has_remaining() {
            let chunk = output.chunk().to_vec();
            of_other.extend_from_slice(&chunk);
            output.advance(chunk.len());
        }
        let output = self.other.output();
        while output.has_remaining() {
            let chunk = output.chunk().to_vec();
            of_relay.extend_from_slice(&chunk);
            output.advance(chunk.len());
        }
        self.relay
            .read(of_relay)
            .expect("the lane's own end keeps the rules");
        self.relay.settle();
        let mut events = Vec::new();
        while let Some(event) = self
            .other
            .receive(of_other)
            .expect("the relay keeps the rules")
        {
            events.push(event);
        }
        events
    }
}

#[test]
fn a_client_answers_each_call_once_whatever_the_server_says() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let mut both = Both::new(Relay::of_client(), Side::Acceptor);
        let (mut open, mut calls, mut ends) = (Vec::new(), 0, 0);
        for _ in 0..300 {
            let word = Word {
                call: chance.below(6),
                says: chance.says(true),
            };
            calls += usize::from(matches!(word.says, Says::Call(_)));
            if both.relay.hear(word).is_err() {
                // A number that is still open: the stream ends with that.
                break;
            }
            for event in both.pump() {
                match event {
                    Event::Call { stream, .. } => open.push(stream),
                    Event::Cancelled { stream } => open.retain(|&other| other != stream),
                    Event::Message {
                        stream, message, ..
                    } if chance.below(2) == 0 => {
                        both.other.release(stream, message.len());
                    }
                    _ => {}
                }
            }
            if let Some(&stream) = open.first() {
                // The handler may have been given up since.
                let _gone = match chance.below(3) {
                    0 => both.other.message(stream, vec![7; 100].into()),
                    1 => both.other.headers(stream, HeaderMap::new()),
                    _ => {
                        open.remove(0);
                        both.other.end(stream, End::default())
                    }
                };
            }
            both.pump();
            while let Some(word) = both.relay.next_word() {
                ends += usize::from(matches!(word.says, Says::End(_)));
            }
        }
        assert!(ends <= calls, "seed {seed}: {ends} ends of {calls} calls");
    }
}

#[test]
fn a_server_s_calls_end_once_whatever_the_client_says() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let relay = Relay::of_server(vec!["a.B".to_owned()]);
        let mut both = Both::new(relay, Side::Connector);
        let (mut open, mut made, mut ended) = (Vec::new(), 0, 0);
        for _ in 0..300 {
            if chance.below(3) == 0 {
                let call = Call::new(PathAndQuery::from_static("/a.B/C"));
                if let Ok(stream) = both.other.call(call, None, chance.below(2) == 0) {
                    made += 1;
                    open.push(stream);
                }
            }
            // Mostly a call that is open; else one that is not.
            let call = match open.first() {
                Some(&stream) if chance.below(5) > 0 => stream,
                _ => chance.below(9),
            };
            let says = chance.says(false);
            both.relay
                .hear(Word { call, says })
                .expect("no word ends the stream");
            for event in both.pump() {
                match event {
                    Event::End { stream, .. } => {
                        ended += 1;
                        open.retain(|&other| other != stream);
                    }
                    Event::Message {
                        stream, message, ..
                    } => both.other.release(stream, message.len()),
                    _ => {}
                }
            }
            while both.relay.next_word().is_some() {}
        }
        assert!(ended <= made, "seed {seed}: {ended} ends of {made} calls");
        assert!(ended > 0, "seed {seed}");
    }
}
