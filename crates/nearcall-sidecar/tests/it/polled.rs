//! Clients that poll: the newest frame, held until they let go.

use nearcall_proto::frames::v1 as wire;
use nearcall_sidecar::Reason;
use nearcall_sidecar::limits::LEASES_MAX;
use wire::bulk::Content;

use super::served::{BYTES, HANDED, NAME, Served, payload};

fn asks(after: u64, epoch: u64, can_map: bool) -> wire::AcquireLatestRequest {
    wire::AcquireLatestRequest {
        channel: NAME.to_owned(),
        after,
        epoch,
        can_map,
        after_in: None,
    }
}

#[tokio::test]
async fn the_newest_frame_comes_once() {
    let mut served = Served::start().await;
    let mut client = served.client().await;
    let none = client.acquire_latest(asks(0, 0, false)).await.unwrap();
    let none = none.into_inner();
    assert_eq!((none.frame, none.epoch), (None, served.frames.epoch()));
    served.publish();
    served.publish();
    let answer = client.acquire_latest(asks(0, none.epoch, false)).await;
    let frame = answer.unwrap().into_inner().frame.unwrap();
    assert_eq!(frame.info.unwrap().seq, 2);
    let content = frame.body.unwrap().content;
    assert_eq!(content, Some(Content::Inline(payload(2, BYTES))));
    let again = client.acquire_latest(asks(2, none.epoch, false)).await;
    assert_eq!(again.unwrap().into_inner().frame, None);
    // Another epoch counts its frames anew.
    let other = client.acquire_latest(asks(2, none.epoch ^ 1, false)).await;
    assert!(other.unwrap().into_inner().frame.is_some());
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn references_are_held_until_let_go_or_the_connection_ends() {
    let mut served = Served::start().await;
    let mut client = served.client().await;
    let mut leases = Vec::new();
    for seq in 1..=LEASES_MAX as u64 {
        served.publish();
        let answer = client.acquire_latest(asks(0, 0, true)).await.unwrap();
        let frame = answer.into_inner().frame.unwrap();
        let Some(Content::Frame(reference)) = frame.body.unwrap().content else {
            panic!("expected a reference");
        };
        assert_eq!((reference.seq, reference.length), (seq, BYTES as u64));
        leases.push(reference.lease);
    }
    let status = client.acquire_latest(asks(0, 0, true)).await.unwrap_err();
    assert_eq!(Reason::of(&status), Some(Reason::TooManyLeases));
    served.wait_for_readers(LEASES_MAX).await;

    let lease = leases.remove(0);
    // Who did not get it cannot let go of it.
    let mut other = served.client().await;
    let release = |lease| wire::ReleaseRequest { lease };
    other.release(release(lease.clone())).await.unwrap();
    served.wait_for_readers(LEASES_MAX).await;
    client.release(release(lease.clone())).await.unwrap();
    client.release(release(lease)).await.unwrap();
    client.release(release(vec![1])).await.unwrap();
    served.wait_for_readers(LEASES_MAX - 1).await;
    drop(client);
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn what_one_message_cannot_bring_is_refused_in_words() {
    let large = nearcall_frames::Geometry::new(4, 5 << 20, 0).unwrap();
    let mut served = Served::start_with(large).await;
    served.publish();
    let mut client = served.client().await;
    let status = client.acquire_latest(asks(0, 0, false)).await.unwrap_err();
    assert_eq!(Reason::of(&status), Some(Reason::FrameTooLarge));
    assert!(
        status.message().contains("Subscribe"),
        "{}",
        status.message()
    );
    assert!(client.acquire_latest(asks(0, 0, true)).await.is_ok());
}

#[tokio::test]
async fn channels_are_listed_with_their_state() {
    let mut served = Served::start().await;
    let small = nearcall_frames::Geometry::new(4, 64, 1).unwrap();
    let _sound = served.frames.channel("audio.main", small).unwrap();
    let _stream = served
        .open(HANDED, nearcall_sidecar::Options::default())
        .await;
    served.publish();
    let mut client = served.client().await;
    let listed = client
        .list(wire::ListRequest {})
        .await
        .unwrap()
        .into_inner();
    let rows: Vec<_> = listed
        .channels
        .iter()
        .map(|one| (one.name.as_str(), one.latest, one.subscriptions))
        .collect();
    assert_eq!(rows, [("audio.main", 0, 0), (NAME, 1, 1)]);
    let stats = served.stats().await;
    let [reader] = &stats.subscriptions[..] else {
        panic!("expected one reader, found {:?}", stats.subscriptions);
    };
    assert_ne!(reader.tier(), wire::Tier::Inline);
    assert_eq!((reader.lag, reader.pins_granted), (1, 2));
    assert_eq!(reader.pid, std::process::id());
}
