//! Memory handed over a socket: what is taken, and what is not.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nearcall_frames::broker::{Message, Refusal};
use nearcall_frames::handover::{
    ClaimError, TakeError, claim, fetch, hand_over, refuse, take_claim,
};
use nearcall_frames::{
    AttachError, Details, Geometry, Grant, Heard, Identity, Next, Policy, Reader, Request, State,
    SubscriptionId, Then, Writer,
};
use nearcall_sys::memory::{OpenError, Writable, make_region, make_return_page};
use nearcall_sys::packet::{ReceiveError, Socket, pair};

use super::IDENTITY;

const TICKET: [u8; 16] = *b"sixteen bytes!!!";

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// A channel in a region, its descriptor, one subscription and the descriptor of its page.
struct Served {
    writer: Writer<Writable>,
    region: OwnedFd,
    grant: Grant,
    page: OwnedFd,
    server: Socket,
    client: Socket,
}

fn served(policy: Policy) -> Served {
    let geometry = Geometry::new(6, 100, 1).unwrap();
    let (memory, region) = make_region("frames-test", geometry.region_bytes()).unwrap();
    let mut writer = Writer::new(memory, IDENTITY, geometry).unwrap();
    let (page, page_descriptor) = make_return_page("frames-test-page").unwrap();
    let (server, client) = pair().unwrap();
    let doorbell = Socket::from(server.as_fd().try_clone_to_owned().unwrap());
    let request = Request { policy, pins: 2 };
    let grant = writer
        .subscribe(Box::new(page), Box::new(doorbell), request)
        .unwrap();
    Served {
        writer,
        region,
        grant,
        page: page_descriptor,
        server,
        client,
    }
}

/// The client's side runs in a thread, since it waits for an answer.
fn claimed(
    client: Socket,
    grant: Grant,
) -> std::thread::JoinHandle<Result<Reader<nearcall_sys::memory::ReadOnly>, ClaimError>> {
    std::thread::spawn(move || claim(client, TICKET, &grant))
}

fn wait_for_claim(server: &Socket) -> [u8; 16] {
    assert!(server.wait(LONG).unwrap());
    take_claim(server).unwrap()
}

#[test]
fn a_reader_gets_the_memory_and_is_rung_for() {
    let mut served = served(Policy::DropOldest { depth: 2 });
    let client = claimed(served.client, served.grant);
    assert_eq!(wait_for_claim(&served.server), TICKET);
    hand_over(
        &served.server,
        &served.grant,
        served.region.as_fd(),
        served.page,
    )
    .unwrap();
    drop(served.server);
    let mut reader = client.join().unwrap().unwrap();
    let now = Instant::now();
    assert_eq!(reader.wait(Duration::ZERO), Heard::Nothing);

    let mut loan = served.writer.loan(now).unwrap();
    assert_eq!(loan.bytes_mut().len(), loan.capacity());
    loan.bytes_mut()[..8].copy_from_slice(b"in place");
    loan.write(8, b"!").unwrap();
    loan.publish(9, &Details::default()).unwrap();
    let Next::Frame(lease) = reader.next(now).unwrap() else {
        panic!("there is a frame");
    };
    assert_eq!(&lease[..], b"in place!");
    drop(lease);

    let sleeper = std::thread::spawn(move || {
        let heard = reader.wait(LONG);
        (
            heard,
            matches!(reader.next(Instant::now()).unwrap(), Next::Frame(_)),
            reader,
        )
    });
    served
        .writer
        .copy(now, b"second", &Details::default())
        .unwrap();
    let (heard, came, mut reader) = sleeper.join().unwrap();
    assert!(came && heard == Heard::Ring, "{heard:?}");

    assert_eq!(served.writer.reap(), []);
    let id = served.grant.id;
    let newest = reader.newest().unwrap().unwrap();
    drop(reader);
    assert_eq!(served.writer.reap(), [], "a lease keeps the connection");
    drop(newest);
    assert_eq!(
        served.writer.reap(),
        [id],
        "the kernel says that the reader hung up"
    );
}

#[test]
fn the_end_is_told_before_the_hang_up() {
    let served = served(Policy::Latest);
    let client = claimed(served.client, served.grant);
    wait_for_claim(&served.server);
    hand_over(
        &served.server,
        &served.grant,
        served.region.as_fd(),
        served.page,
    )
    .unwrap();
    let mut reader = client.join().unwrap().unwrap();
    drop(served.writer);
    drop(served.server);
    assert!(matches!(reader.next(Instant::now()).unwrap(), Next::End(_)));
}

#[test]
fn an_evicted_reader_hears_of_it_over_its_socket() {
    let mut served = served(Policy::Block {
        max_wait: Duration::ZERO,
        then: Then::Evict,
    });
    let client = claimed(served.client, served.grant);
    wait_for_claim(&served.server);
    hand_over(
        &served.server,
        &served.grant,
        served.region.as_fd(),
        served.page,
    )
    .unwrap();
    let mut reader = client.join().unwrap().unwrap();
    let now = Instant::now();
    for _ in 0..4 {
        served.writer.copy(now, b"x", &Details::default()).unwrap();
    }
    assert_eq!(
        served.writer.stats(now).subscriptions[0].state,
        State::Evicted
    );
    while let Next::Frame(_) | Next::Gap(_) = reader.next(now).unwrap() {}
    assert_eq!(reader.wait(LONG), Heard::Gone);
    assert_eq!(
        served.writer.reap(),
        [],
        "the server still hears when it hangs up"
    );
    drop(reader);
    assert_eq!(served.writer.reap(), [served.grant.id]);
}

#[test]
fn what_is_not_the_channel_is_not_mapped() {
    type Answer = fn(&Socket, &Grant, BorrowedFd<'_>, OwnedFd);
    type Found = fn(&ClaimError) -> bool;
    let (pipe, _other) = rustix::pipe::pipe().unwrap();
    let folder = OwnedFd::from(File::open("/").unwrap());
    let unsafe_memory = unsafe_memory();
    let (_memory, small) = make_region("small", 4_096).unwrap();
    let length = Geometry::new(6, 100, 1).unwrap().region_bytes();
    let (_memory, blank) = make_region("blank", length).unwrap();
    let granted: Answer = |socket, grant, region, page| {
        hand_over(socket, grant, region, page).unwrap();
    };
    let cases: Vec<(&str, &OwnedFd, Answer, Found)> = vec![
        ("a pipe", &pipe, granted, |found| {
            matches!(found, ClaimError::Open(OpenError::NotMemory { .. }))
        }),
        ("a folder", &folder, granted, |found| {
            matches!(found, ClaimError::Open(OpenError::NotMemory { .. }))
        }),
        (
            "memory that others can write",
            &unsafe_memory,
            granted,
            is_unsafe,
        ),
        ("memory of another length", &small, granted, |found| {
            matches!(found, ClaimError::Open(OpenError::Size { .. }))
        }),
        ("memory that is no channel", &blank, granted, |found| {
            matches!(found, ClaimError::Attach(AttachError::Header(_)))
        }),
        (
            "no descriptor",
            &pipe,
            |socket, grant, _, _| {
                let message = granted_message(grant);
                socket.send(&message.bytes(), &[]).unwrap();
            },
            |found| matches!(found, ClaimError::Unexpected { .. }),
        ),
        (
            "three descriptors",
            &pipe,
            |socket, grant, region, page| {
                let message = granted_message(grant);
                socket
                    .send(&message.bytes(), &[region, region, page.as_fd()])
                    .unwrap();
            },
            |found| {
                matches!(
                    found,
                    ClaimError::Receive(ReceiveError::TooManyDescriptors { most: 2 })
                )
            },
        ),
        (
            "another epoch",
            &pipe,
            |socket, grant, region, page| {
                let identity = Identity {
                    epoch: 10,
                    ..grant.identity
                };
                hand_over(socket, &Grant { identity, ..*grant }, region, page).unwrap();
            },
            |found| matches!(found, ClaimError::Unexpected { .. }),
        ),
        (
            "another subscription",
            &pipe,
            |socket, grant, region, page| {
                let id = SubscriptionId::new(99);
                hand_over(socket, &Grant { id, ..*grant }, region, page).unwrap();
            },
            |found| matches!(found, ClaimError::Unexpected { .. }),
        ),
        (
            "a refusal",
            &pipe,
            |socket, _, _, _| refuse(socket, Refusal::Ticket).unwrap(),
            |found| {
                matches!(
                    found,
                    ClaimError::Refused {
                        reason: Refusal::Ticket
                    }
                )
            },
        ),
        (
            "a ring",
            &pipe,
            |socket, _, _, _| assert_eq!(socket.ring(), nearcall_sys::packet::Rung::Yes),
            |found| matches!(found, ClaimError::Message(_)),
        ),
        (
            "a hang-up",
            &pipe,
            |socket, _, _, _| socket.shut_down().unwrap(),
            |found| matches!(found, ClaimError::Receive(ReceiveError::Closed)),
        ),
    ];
    for (what, region, answer, expected) in cases {
        let served = served(Policy::Latest);
        let client = claimed(served.client, served.grant);
        wait_for_claim(&served.server);
        answer(&served.server, &served.grant, region.as_fd(), served.page);
        let found = client.join().unwrap().unwrap_err();
        assert!(expected(&found), "{what}: {found:?}");
    }
}

/// Memory that its maker left open to others, and what is said of it.
#[cfg(not(any(target_os = "macos", nearcall_posix)))]
fn unsafe_memory() -> OwnedFd {
    rustix::fs::memfd_create("unsealed", rustix::fs::MemfdFlags::CLOEXEC).unwrap()
}

#[cfg(not(any(target_os = "macos", nearcall_posix)))]
fn is_unsafe(found: &ClaimError) -> bool {
    matches!(found, ClaimError::Open(OpenError::Unsealed { .. }))
}

#[cfg(any(target_os = "macos", nearcall_posix))]
fn unsafe_memory() -> OwnedFd {
    let length = Geometry::new(6, 100, 1).unwrap().region_bytes();
    nearcall_sys::memory::make_upload("unsealed", length)
        .unwrap()
        .1
}

#[cfg(any(target_os = "macos", nearcall_posix))]
fn is_unsafe(found: &ClaimError) -> bool {
    matches!(found, ClaimError::Open(OpenError::Writable))
}

fn granted_message(grant: &Grant) -> Message {
    Message::Granted {
        subscription: grant.id,
        epoch: grant.identity.epoch,
        region: grant.identity.region,
    }
}

#[test]
fn a_server_takes_claims_and_nothing_else() {
    let (server, client) = pair().unwrap();
    let nothing = take_claim(&server);
    assert!(matches!(
        nothing,
        Err(TakeError::Receive(ReceiveError::Nothing))
    ));
    let claim = Message::Claim { ticket: TICKET }.bytes();
    let gift = File::open("/dev/null").unwrap();
    client.send(&claim, &[gift.as_fd()]).unwrap();
    let refused = take_claim(&server);
    assert!(
        matches!(
            refused,
            Err(TakeError::Receive(ReceiveError::TooManyDescriptors {
                most: 0
            }))
        ),
        "{refused:?}"
    );
    client
        .send(&Message::Refused(Refusal::Peer).bytes(), &[])
        .unwrap();
    assert!(matches!(
        take_claim(&server),
        Err(TakeError::Unexpected { .. })
    ));
    client
        .send(&[claim.as_slice(), &[0]].concat(), &[])
        .unwrap();
    assert!(matches!(take_claim(&server), Err(TakeError::Message(_))));
    client.send(&[0; 1_000], &[]).unwrap();
    assert!(matches!(
        take_claim(&server),
        Err(TakeError::Receive(ReceiveError::TooLong { .. }))
    ));
    client.send(&claim, &[]).unwrap();
    assert_eq!(take_claim(&server).unwrap(), TICKET);
}

#[test]
fn a_client_that_sends_its_own_socket_is_seen_to_hang_up() {
    let mut served = served(Policy::Latest);
    // On its way and taken by nobody, the client's end would stay open after the client closed it.
    for _ in 0..5 {
        let own = [served.client.as_fd(); 3];
        served.client.send(b"this is me", &own).unwrap();
    }
    assert_eq!(served.writer.reap(), []);
    served
        .client
        .send(b"and again", &[served.client.as_fd()])
        .unwrap();
    drop(served.client);
    assert!(
        !served.server.is_hung_up().unwrap(),
        "the kernel alone does not see it"
    );
    assert_eq!(served.writer.reap(), [served.grant.id]);
}

#[test]
fn a_reader_without_a_doorbell_is_woken_through_the_region() {
    let mut served = served(Policy::Latest);
    let client = served.client;
    let grant = served.grant;
    let fetched = std::thread::spawn(move || fetch(&client, TICKET, &grant).unwrap());
    wait_for_claim(&served.server);
    hand_over(&served.server, &grant, served.region.as_fd(), served.page).unwrap();
    let (region, page) = fetched.join().unwrap();
    let mut reader = Reader::attach(region, Box::new(page), &grant).unwrap();
    assert_eq!(reader.wait(Duration::ZERO), Heard::Nothing);
    let sleeper = std::thread::spawn(move || {
        let heard = reader.wait(LONG);
        (
            heard,
            matches!(reader.next(Instant::now()).unwrap(), Next::Frame(_)),
        )
    });
    served
        .writer
        .copy(Instant::now(), b"news", &Details::default())
        .unwrap();
    assert_eq!(sleeper.join().unwrap(), (Heard::Ring, true));
}
