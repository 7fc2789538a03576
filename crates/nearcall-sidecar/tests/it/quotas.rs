//! As many as there may be, and one more.

use nearcall_frames::Geometry;
use nearcall_proto::frames::v1 as wire;
use nearcall_sidecar::limits::{CHANNELS_MAX, TICKETS_MAX};
use nearcall_sidecar::{ChannelError, Frames, OpenError, Options, Reason, Tier};
use tonic::Code;

use super::served::{NAME, Served, by, frame};

fn request(tier: wire::Tier, pins: u32) -> wire::OpenRequest {
    wire::OpenRequest {
        channel: NAME.to_owned(),
        tiers: vec![tier.into()],
        policy: None,
        pins,
        inline_below: Some(0),
        instead_of: Vec::new(),
    }
}

#[tokio::test]
async fn a_thousand_opens_are_refused_in_words_and_the_channel_lives() {
    let mut served = Served::start().await;
    let mut before = served.open(Tier::Broker, Options::default()).await;
    let mut client = served.client().await;
    let (mut granted, mut refused) = (0, 0);
    for _ in 0..1_000 {
        match client.open(request(wire::Tier::Broker, 1)).await {
            Ok(_) => granted += 1,
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted);
                assert_eq!(Reason::of(&status), Some(Reason::ChannelFull));
                let words = status.message();
                assert!(words.contains("0 more frames can be held"), "{words}");
                refused += 1;
            }
        }
    }
    // Six may be held, of which the first reader has two.
    assert_eq!((granted, refused), (4, 996));
    served.publish();
    assert_eq!(frame(&mut before).await.seq(), 1);
    drop(client);
    // With the connection go its tickets, and with them what they were good for.
    served.wait_for_readers(1).await;
    let again = by(Tier::Broker, Options::default());
    assert!(again.open(&served.channel().await, NAME).await.is_ok());
}

#[tokio::test]
async fn tickets_that_nobody_uses_are_limited() {
    let many = Geometry::new(300, 64, 0).unwrap();
    let served = Served::start_with(many).await;
    let others: Vec<_> = (0..4)
        .map(|number| {
            served
                .frames
                .channel(format!("other.{number}"), many)
                .unwrap()
        })
        .collect();
    let mut client = served.client().await;
    let mut refusal = None;
    for number in 0..=TICKETS_MAX {
        let channel = others[number % others.len()].name().to_owned();
        let request = wire::OpenRequest {
            channel,
            ..request(wire::Tier::Inline, 1)
        };
        if let Err(status) = client.open(request).await {
            refusal = Some((number, status));
        }
    }
    let (number, status) = refusal.expect("the last is refused");
    assert_eq!(number, TICKETS_MAX);
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(Reason::of(&status), Some(Reason::TooManyTickets));
}

#[tokio::test]
async fn what_a_channel_cannot_keep_is_refused_in_words() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let mut check = async |asked: wire::OpenRequest, code, reason, words: &str| {
        let status = client.open(asked).await.unwrap_err();
        assert_eq!((status.code(), Reason::of(&status)), (code, Some(reason)));
        assert!(status.message().contains(words), "{}", status.message());
    };
    let good = || request(wire::Tier::Inline, 1);
    let policy = |kind| wire::OpenRequest {
        policy: Some(wire::Policy { kind: Some(kind) }),
        ..good()
    };
    let unknown = wire::OpenRequest {
        channel: "rendr.main".to_owned(),
        ..good()
    };
    check(unknown, Code::NotFound, Reason::ChannelUnknown, NAME).await;
    let deep = policy(wire::policy::Kind::DropOldest(wire::DropOldest {
        depth: 9,
    }));
    let invalid = Code::InvalidArgument;
    check(deep, invalid, Reason::PolicyRefused, "1 to 3").await;
    let long = policy(wire::policy::Kind::Block(wire::Block {
        max_wait_ms: 10_001,
        then: 1,
    }));
    check(long, invalid, Reason::PolicyRefused, "10s at most").await;
    let strange = policy(wire::policy::Kind::Block(wire::Block {
        max_wait_ms: 1,
        then: 9,
    }));
    check(strange, invalid, Reason::PolicyRefused, "policy").await;
    let pins = request(wire::Tier::Broker, 17);
    check(pins, invalid, Reason::PolicyRefused, "1 to 16").await;
}

#[tokio::test]
async fn a_client_is_told_what_the_server_says() {
    let served = Served::start().await;
    let refused = nearcall_sidecar::open(&served.channel().await, "nothing").await;
    let Err(OpenError::Refused(status)) = refused else {
        panic!("expected a refusal, found {refused:?}");
    };
    assert_eq!(Reason::of(&status), Some(Reason::ChannelUnknown));
    let words = OpenError::Refused(status).to_string();
    assert!(words.contains(NAME), "{words}");
}

#[test]
fn channels_are_limited_and_free_their_names() {
    let frames = Frames::new();
    let small = Geometry::new(2, 64, 0).unwrap();
    let mut writers: Vec<_> = (0..CHANNELS_MAX)
        .map(|number| frames.channel(format!("channel.{number}"), small).unwrap())
        .collect();
    let more = frames.channel("more", small);
    assert!(matches!(more, Err(ChannelError::TooMany)), "{more:?}");
    let taken = frames.channel("channel.0", small);
    assert!(
        matches!(taken, Err(ChannelError::Taken { .. })),
        "{taken:?}"
    );
    let strange = frames.channel("Render Main", small);
    assert!(
        matches!(strange, Err(ChannelError::Name { .. })),
        "{strange:?}"
    );
    writers.remove(0);
    assert!(frames.channel("channel.0", small).is_ok());
}
