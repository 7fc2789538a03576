//! Tickets: once, soon, by the same user, over a connection that lasts.

use std::os::fd::AsFd;
use std::time::Duration;

use nearcall_frames::broker::{Message, Refusal};
use nearcall_proto::frames::v1 as wire;
use nearcall_sidecar::Reason;
use nearcall_sidecar::limits::TICKET_LIFE;
use nearcall_sys::packet::{self, Socket};
use tonic::Code;

use super::served::{LONG, NAME, Served};

async fn open(
    client: &mut nearcall_proto::frames::v1::frames_client::FramesClient<nearcall_rpc::Channel>,
    tier: wire::Tier,
) -> wire::OpenResponse {
    let request = wire::OpenRequest {
        channel: NAME.to_owned(),
        tiers: vec![tier.into()],
        policy: None,
        pins: 1,
        inline_below: Some(0),
        instead_of: Vec::new(),
    };
    let opened = client.open(request).await.unwrap().into_inner();
    assert_eq!(opened.tier(), tier);
    assert_eq!(opened.ticket.len(), 16);
    opened
}

/// Presents a ticket, and answers what the server says.
async fn present(socket: Socket, ticket: &[u8]) -> Option<Message> {
    let ticket = ticket.try_into().unwrap();
    socket.send(&Message::Claim { ticket }.bytes(), &[]).ok()?;
    answer(socket).await
}

pub(crate) async fn answer(socket: Socket) -> Option<Message> {
    let waited = tokio::task::spawn_blocking(move || {
        assert!(socket.wait(LONG).unwrap(), "the server answers or hangs up");
        let mut bytes = [0; 64];
        let received = socket.receive(&mut bytes, 2).ok()?;
        Some(Message::parse(&bytes[..received.length]).unwrap())
    });
    waited.await.unwrap()
}

#[tokio::test]
async fn a_ticket_is_used_once() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let opened = open(&mut client, wire::Tier::Broker).await;
    let connect = || packet::connect(opened.broker_path.as_ref()).unwrap();
    let first = present(connect(), &opened.ticket).await;
    assert!(matches!(first, Some(Message::Granted { .. })), "{first:?}");
    let second = present(connect(), &opened.ticket).await;
    assert_eq!(second, Some(Message::Refused(Refusal::Ticket)));
    let guessed = present(connect(), &[7; 16]).await;
    assert_eq!(guessed, Some(Message::Refused(Refusal::Ticket)));
}

#[tokio::test]
async fn a_ticket_is_for_its_own_door() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let opened = open(&mut client, wire::Tier::Broker).await;
    let streamed = open(&mut client, wire::Tier::Inline).await;
    let socket = packet::connect(opened.broker_path.as_ref()).unwrap();
    let answer = present(socket, &streamed.ticket).await;
    assert_eq!(answer, Some(Message::Refused(Refusal::Ticket)));
    for ticket in [opened.ticket, streamed.ticket, vec![1; 3]] {
        let start = wire::Start { ticket, credit: 1 };
        let request = Some(wire::subscribe_request::Request::Start(start));
        let requests = tokio_stream::once(wire::SubscribeRequest { request });
        let status = client.subscribe(requests).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(Reason::of(&status), Some(Reason::TicketRefused));
    }
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn a_ticket_ends_with_its_connection() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let opened = open(&mut client, wire::Tier::Broker).await;
    drop(client);
    served.wait_for_readers(0).await;
    let socket = packet::connect(opened.broker_path.as_ref()).unwrap();
    let answer = present(socket, &opened.ticket).await;
    assert_eq!(answer, Some(Message::Refused(Refusal::Ticket)));
}

#[tokio::test]
async fn a_ticket_is_good_for_a_few_seconds() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let opened = open(&mut client, wire::Tier::Broker).await;
    assert_eq!(opened.limits.unwrap().ticket_ms, 5_000);
    tokio::time::pause();
    tokio::time::advance(TICKET_LIFE + Duration::from_millis(1)).await;
    tokio::time::resume();
    let socket = packet::connect(opened.broker_path.as_ref()).unwrap();
    let answer = present(socket, &opened.ticket).await;
    assert_eq!(answer, Some(Message::Refused(Refusal::Ticket)));
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn another_user_gets_nothing_and_uses_the_ticket_up() {
    if nearcall_testkit::left_out_without_root("another user's claim") {
        return;
    }
    let served = Served::start().await;
    let mut client = served.client().await;
    let opened = open(&mut client, wire::Tier::Broker).await;
    // What a reader of another user needs to get as far as the socket.
    let folder = served.broker().parent().unwrap().to_owned();
    let open_to_all = |path: &std::path::Path, mode| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open_to_all(&folder, 0o755);
    open_to_all(&served.broker(), 0o666);
    let ticket = opened
        .ticket
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let path = opened.broker_path.clone();
    let output = tokio::task::spawn_blocking(move || {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        use std::os::unix::process::CommandExt as _;
        command
            .args(["--exact", "death::role", "--nocapture"])
            .env(super::death::ROLE, "stranger")
            .env(super::death::ADDRESS, path)
            .env(super::death::TICKET, ticket)
            .uid(65_534)
            .output()
    });
    let output = output.await.unwrap();
    let output = output.expect("another user can run this test");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("answer: Some(Refused(Peer))"), "{text}");
    let socket = packet::connect(opened.broker_path.as_ref()).unwrap();
    let answer = present(socket, &opened.ticket).await;
    assert_eq!(answer, Some(Message::Refused(Refusal::Ticket)));
}

/// Presents a ticket as another user would.
pub(crate) fn stranger(path: &str, ticket: &str) {
    let ticket: Vec<u8> = (0..ticket.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&ticket[at..at + 2], 16).unwrap())
        .collect();
    let socket = packet::connect(path.as_ref()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("answer: {:?}", runtime.block_on(present(socket, &ticket)));
}

#[tokio::test]
async fn descriptors_come_with_the_answer_and_only_then() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let opened = open(&mut client, wire::Tier::Broker).await;
    let socket = packet::connect(opened.broker_path.as_ref()).unwrap();
    let second = socket.as_fd().try_clone_to_owned().unwrap();
    let ticket = opened.ticket.try_into().unwrap();
    // A claim that brings a descriptor is no claim; the ticket stays good.
    socket
        .send(&Message::Claim { ticket }.bytes(), &[second.as_fd()])
        .unwrap();
    drop(second);
    assert_eq!(answer(socket).await, None, "it is hung up on");
    let socket = packet::connect(opened.broker_path.as_ref()).unwrap();
    let granted = present(socket, &ticket).await;
    assert!(
        matches!(granted, Some(Message::Granted { .. })),
        "{granted:?}"
    );
}
