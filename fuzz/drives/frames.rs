//! What the fuzz targets of frames do with an input; tests replay the corpora with the same code.

#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nearcall_frames::broker::Message;
use nearcall_frames::layout::header;
use nearcall_frames::memory::{Heap, Memory};
use nearcall_frames::{
    Details, Geometry, Header, Identity, Next, Policy, Reader, Request, Silent, Then, Writer,
};
#[cfg(target_os = "linux")]
use nearcall_frames::{Lease, memory::Words};
#[cfg(target_os = "linux")]
use nearcall_sys::memory::{ReadOnly, make_region, open_region};

const IDENTITY: Identity = Identity {
    epoch: 1,
    channel: 2,
    region: 3,
};

const PAYLOAD_BYTES: usize = 40;

/// Any bytes as a region's header: what parses is consistent, and is written as it was read.
pub(crate) fn header(input: &[u8]) {
    let Ok(parsed) = Header::parse(input) else {
        return;
    };
    let geometry = parsed.geometry;
    assert!(geometry.slots() >= geometry.history() + 2);
    assert!(geometry.payload_bytes() <= geometry.stride());
    assert!(geometry.region_bytes() > geometry.slots() as usize * geometry.stride());
    assert_eq!(Header::parse(&parsed.bytes()), Ok(parsed));
}

/// Any bytes as the part of a region that changes: a reader gets frames within bounds, or an error.
pub(crate) fn lease(input: &[u8]) {
    let Some((how, bytes)) = input.split_first() else {
        return;
    };
    let geometry = Geometry::new(4, PAYLOAD_BYTES, 1).unwrap();
    let memory = Arc::new(Heap::new(geometry.region_bytes()));
    let mut writer = Writer::new(Arc::clone(&memory), IDENTITY, geometry).unwrap();
    let policy = match how % 4 {
        0 => Policy::Latest,
        1 => Policy::DropOldest { depth: 2 },
        2 => Policy::Sample { hz: 10 },
        _ => Policy::Block {
            max_wait: Duration::ZERO,
            then: Then::Demote,
        },
    };
    let page = Arc::new(Heap::return_page());
    let request = Request { policy, pins: 1 };
    let theirs = Box::new(Arc::clone(&page));
    let grant = writer.subscribe(theirs, Box::new(Silent), request).unwrap();
    let mut reader = Reader::attach(Arc::clone(&memory), Box::new(page), &grant).unwrap();
    let mut now = Instant::now();
    for frame in 0..u64::from(how >> 4) {
        let _ = writer.copy(now, &frame.to_le_bytes(), &Details::default());
    }
    // Everything but what a reader checks once; payloads lie beyond and are only looked at through leases.
    let room = geometry.region_bytes() - geometry.slots() as usize * geometry.stride();
    for piece in bytes.chunks(room - header::FIXED_BYTES) {
        memory.write(header::FIXED_BYTES, piece);
        for _ in 0..3 {
            now += Duration::from_secs(1);
            look(reader.next(now).ok());
            look(reader.newest().ok().flatten().map(Next::Frame));
            let _ = reader.sleep(true);
        }
    }
    fn look(next: Option<Next<Arc<Heap>>>) {
        if let Some(Next::Frame(lease)) = next {
            assert!(lease.len() <= PAYLOAD_BYTES);
            let _ = (
                lease.iter().map(|byte| u64::from(*byte)).sum::<u64>(),
                lease.info(),
            );
        }
    }
}

/// A return page whose every word is another each time it is loaded.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Shifting(Mutex<Vec<u8>>);

#[cfg(target_os = "linux")]
impl Words for Shifting {
    fn length(&self) -> usize {
        nearcall_frames::layout::page::BYTES
    }

    fn load(&self, _at: usize) -> u64 {
        let byte = self.0.lock().unwrap().pop().unwrap_or(0);
        match byte >> 6 {
            // A pin on a slot that there may be, of any frame.
            0 | 1 => u64::from(byte >> 4) << 16 | u64::from(byte & 15),
            2 => u64::MAX,
            _ => u64::from(byte & 63),
        }
    }

    fn read(&self, _at: usize, into: &mut [u8]) {
        into.fill(0);
    }

    fn wait(&self, _at: usize, _seen: u32, _most: Duration) {}
}

/// Return pages that change between any two looks at them: the writer always finds a slot, within its waits, and what
/// an honest reader holds does not change. In a real region, where a lease is in place and not a copy.
#[cfg(target_os = "linux")]
pub(crate) fn pages(input: &[u8]) {
    let Some((how, bytes)) = input.split_first() else {
        return;
    };
    let geometry = Geometry::new(9, PAYLOAD_BYTES, 1).unwrap();
    let (memory, region) = make_region("frames-pages", geometry.region_bytes()).unwrap();
    let mut writer = Writer::new(memory, IDENTITY, geometry).unwrap();
    let (one, other) = bytes.split_at(bytes.len() / 2);
    for (half, policy) in [
        (one, Policy::Latest),
        (
            other,
            Policy::Block {
                max_wait: Duration::from_millis(5),
                then: if how & 1 == 0 {
                    Then::Demote
                } else {
                    Then::Evict
                },
            },
        ),
    ] {
        let page = Box::new(Shifting(Mutex::new(half.to_vec())));
        let request = Request { policy, pins: 2 };
        writer.subscribe(page, Box::new(Silent), request).unwrap();
    }
    let page = Arc::new(Heap::return_page());
    let request = Request {
        policy: Policy::DropOldest { depth: 2 },
        pins: 2,
    };
    let theirs = Box::new(Arc::clone(&page));
    let grant = writer.subscribe(theirs, Box::new(Silent), request).unwrap();
    let view = open_region(region.as_fd(), geometry.region_bytes()).unwrap();
    let mut reader = Reader::attach(view, Box::new(page), &grant).unwrap();
    let mut now = Instant::now();
    let mut held: Vec<Lease<ReadOnly>> = Vec::new();
    let mut published = 0_u64;
    // An end within reach: a subscription that blocks is demoted or evicted at the fifth attempt.
    for _ in 0..bytes.len().min(200) + 10 {
        now += Duration::from_millis(1);
        let word = (published + 1).to_le_bytes();
        let payload = word.repeat(PAYLOAD_BYTES / 8);
        match writer.copy(now, &payload, &Details::default()) {
            Ok(seq) => {
                published += 1;
                assert_eq!(seq, published);
            }
            Err(nearcall_frames::PublishError::Loan(nearcall_frames::LoanError::Held {
                ..
            })) => {}
            Err(error) => panic!("{error}"),
        }
        match reader.next(now) {
            Ok(Next::Frame(lease)) => held.push(lease),
            // Both pins are in use: what came first is let go of, after the writer went on over it.
            Err(_) => drop(held.remove(0)),
            Ok(_) => {}
        }
        for lease in &held {
            assert_eq!(
                lease[..],
                lease.seq().to_le_bytes().repeat(PAYLOAD_BYTES / 8)
            );
        }
    }
    assert!(published > 0, "nobody can keep the writer from publishing");
    let stats = writer.stats(now);
    assert!(
        stats
            .subscriptions
            .iter()
            .all(|one| one.pins <= one.pins_granted)
    );
}

/// Any bytes as a message of the broker's: it has one spelling.
pub(crate) fn broker(input: &[u8]) {
    if let Ok(message) = Message::parse(input) {
        assert_eq!(message.bytes(), input);
    }
}

/// What a target does with an input.
pub(crate) type Target = fn(&[u8]);

/// Each target by its name, which is that of its corpus too.
pub(crate) const TARGETS: &[(&str, Target)] = &[
    ("frames_header", header),
    ("frames_lease", lease),
    ("frames_broker", broker),
    #[cfg(target_os = "linux")]
    ("frames_pages", pages),
];
