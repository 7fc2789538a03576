//! Another policy for a subscription that goes on.

use std::time::Duration;

use nearcall_frames::{Geometry, LoanError, Policy, Then};
use nearcall_proto::frames::v1 as wire;
use nearcall_sidecar::{FrameStream, OpenError, Options, Reason, Tier};
use tonic::Code;

use super::served::{BYTES, IN_PLACE, LONG, Served, frame};

const IN_TURN: Policy = Policy::DropOldest { depth: 3 };

/// Publishes three frames at once, and answers how many of them come.
async fn of_three(served: &mut Served, stream: &mut FrameStream) -> usize {
    let mut last = 0;
    for _ in 0..3 {
        last = served.publish();
    }
    let mut came = 1;
    while frame(stream).await.seq() != last {
        came += 1;
    }
    came
}

/// Publishes until the reader holds the writer up, and goes on to: the server takes frames for a stream as long as there
/// is credit.
async fn until_held(served: &mut Served) {
    let mut looks = 0;
    while looks < 10 {
        match served.writer.loan().map(drop) {
            Ok(()) => looks = 0,
            Err(LoanError::Held { .. }) => {
                looks += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
            Err(other) => panic!("{other}"),
        }
        served.publish();
    }
}

/// Waits until so many of three frames come: what is on its way comes by the policy before.
async fn until(served: &mut Served, stream: &mut FrameStream, expected: usize) {
    let settled = async { while of_three(served, stream).await != expected {} };
    let settled = tokio::time::timeout(LONG, settled).await;
    assert!(settled.is_ok(), "expected {expected} of three frames");
}

#[tokio::test]
async fn other_frames_come_from_here_on_whichever_way() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let mut stream = served.open(tier, Options::default()).await;
        assert_eq!(of_three(&mut served, &mut stream).await, 1, "{tier}");
        stream.set_policy(IN_TURN).await.unwrap();
        assert_eq!(stream.policy(), IN_TURN);
        let policy = |stats: wire::StatsResponse| stats.subscriptions[0].policy.unwrap().kind;
        let in_turn = wire::policy::Kind::DropOldest(wire::DropOldest { depth: 3 });
        assert_eq!(policy(served.stats().await), Some(in_turn));
        until(&mut served, &mut stream, 3).await;
        stream.set_policy(Policy::Latest).await.unwrap();
        until(&mut served, &mut stream, 1).await;
        assert_eq!(stream.tier(), Some(tier), "it was not opened again");
        assert_eq!(served.stats().await.subscriptions[0].subscription, 1);
    }
}

#[tokio::test]
async fn what_the_channel_cannot_keep_is_refused_in_words_and_changes_nothing() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let options = Options {
            policy: IN_TURN,
            ..Options::default()
        };
        let mut stream = served.open(tier, options).await;
        let deep = Policy::DropOldest { depth: 4 };
        let Err(OpenError::Refused(status)) = stream.set_policy(deep).await else {
            panic!("{tier}: the channel keeps three frames");
        };
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(Reason::of(&status), Some(Reason::PolicyRefused));
        assert!(status.message().contains("1 to 3"), "{}", status.message());
        assert_eq!(stream.policy(), IN_TURN);
        assert_eq!(of_three(&mut served, &mut stream).await, 3, "{tier}");
    }
}

#[tokio::test]
async fn a_reader_that_asks_to_be_waited_for_is() {
    for &tier in IN_PLACE {
        let mut served = Served::start_with(Geometry::new(8, BYTES, 0).unwrap()).await;
        let mut stream = served.open(tier, Options::default()).await;
        let block = Policy::Block {
            max_wait: Duration::from_secs(9),
            then: Then::DropNew,
        };
        stream.set_policy(block).await.unwrap();
        until_held(&mut served).await;
        // And no more once it asks for less.
        stream.set_policy(Policy::Latest).await.unwrap();
        for _ in 0..10 {
            served.publish();
        }
        let newest = served.writer.latest();
        while frame(&mut stream).await.seq() != newest {}
    }
}

#[tokio::test]
async fn who_cannot_show_the_ticket_changes_nothing() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let request = wire::OpenRequest {
        channel: super::served::NAME.to_owned(),
        tiers: vec![wire::Tier::Broker.into()],
        inline_below: Some(0),
        ..wire::OpenRequest::default()
    };
    let opened = client.open(request).await.unwrap().into_inner();
    let kind = Some(wire::policy::Kind::Sample(wire::Sample { hz: 7 }));
    let good = wire::SetPolicyRequest {
        channel: super::served::NAME.to_owned(),
        subscription: opened.subscription,
        ticket: opened.ticket.clone(),
        policy: Some(wire::Policy { kind }),
    };
    let mut other = opened.ticket;
    other[0] ^= 1;
    for bad in [
        wire::SetPolicyRequest {
            ticket: other,
            ..good.clone()
        },
        wire::SetPolicyRequest {
            ticket: vec![0; 3],
            ..good.clone()
        },
        wire::SetPolicyRequest {
            subscription: opened.subscription + 1,
            ..good.clone()
        },
    ] {
        let status = client.set_policy(bad).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(Reason::of(&status), Some(Reason::TicketRefused));
    }
    assert!(served.stats().await.subscriptions[0].policy.unwrap().kind != kind);
    // A connection may break and be made anew meanwhile; the ticket still says whose it is.
    let mut anew = served.client().await;
    let agreed = anew.set_policy(good).await.unwrap().into_inner().policy;
    assert_eq!(agreed.unwrap().kind, kind);
    assert_eq!(
        served.stats().await.subscriptions[0].policy.unwrap().kind,
        kind
    );
}

#[tokio::test]
async fn a_channel_that_is_opened_again_is_opened_so() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let mut stream = served.open(tier, Options::default()).await;
        served.publish();
        frame(&mut stream).await;
        let larger = Geometry::new(12, BYTES * 2, 2).unwrap();
        served.writer.replace(larger).unwrap();
        // The subscription went with its memory; the reader has not looked yet.
        stream.set_policy(IN_TURN).await.unwrap();
        served.publish();
        assert_eq!(frame(&mut stream).await.seq(), 1);
        assert_eq!(of_three(&mut served, &mut stream).await, 3, "{tier}");
    }
}

/// How often this thread went to sleep and was woken.
#[cfg(target_os = "linux")]
fn sleeps() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_writer_that_is_held_up_sleeps_until_the_reader_goes_on() {
    for &tier in IN_PLACE {
        let mut served = Served::start_with(Geometry::new(8, BYTES, 0).unwrap()).await;
        let policy = Policy::Block {
            max_wait: Duration::from_secs(9),
            then: Then::DropNew,
        };
        let options = Options {
            policy,
            ..Options::default()
        };
        let mut stream = served.open(tier, options).await;
        until_held(&mut served).await;
        let mut writer = served.writer;
        let waiting = std::thread::spawn(move || {
            let (before, begun) = (sleeps(), std::time::Instant::now());
            drop(writer.loan_waiting().unwrap());
            (sleeps() - before, begun.elapsed(), writer)
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        let reader = tokio::spawn(async move { while stream.next().await.is_ok() {} });
        let waited = tokio::task::spawn_blocking(move || waiting.join().unwrap());
        let (sleeps, took, writer) = waited.await.unwrap();
        assert!(took >= Duration::from_millis(400), "{tier}: {took:?}");
        assert!(took < Duration::from_secs(9), "{tier}: woken, not over");
        // One look each 20 ms at whether the reader lives. A look each millisecond would be hundreds, and is how a word is
        // waited for where there is no futex.
        let looks_after = if cfg!(nearcall_posix) { 1 } else { 20 };
        let most = took.as_millis() as u64 / looks_after + 20;
        assert!(sleeps <= most, "{tier}: {sleeps} sleeps in {took:?}");
        drop(writer);
        reader.abort();
    }
}
