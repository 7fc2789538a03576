//! A server that gets no more memory from the system.

use std::process::Command;

use nearcall_frames::Geometry;
use nearcall_proto::frames::v1 as wire;
use nearcall_sidecar::{ChannelError, NextError, Options, Reason, Tier};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tonic::Code;

use super::role::{Player, program, say};
use super::served::{BYTES, LONG, NAME, Served, by, frame};

/// Shared memory counts as a file for this limit; the signal that comes with it ends a process that does not ignore it.
const IGNORING_THE_SIGNAL: &str = r#"trap '' XFSZ && exec "$0" "$@""#;

#[tokio::test]
async fn without_memory_everything_that_needs_some_is_refused_in_words_and_the_rest_goes_on() {
    let mut command = Command::new("sh");
    command.args(["-c", IGNORING_THE_SIGNAL]).arg(program());
    let mut starved = Player::start(command, "starved", "");
    for expected in [
        "no channel",
        "no larger frames",
        "no reader that maps",
        "bytes for one that does not",
        "a reader that maps, with memory again",
        "no frame in a file",
        "bytes where there is no file",
    ] {
        assert_eq!(starved.says().await, expected);
    }
}

/// No shared memory of more than so many bytes from here on.
fn limit(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = bytes.or(maximum);
    setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

fn is_told(error: &ChannelError) {
    let ChannelError::Make(source) = error else {
        panic!("{error:?}");
    };
    let words = source.to_string();
    assert!(words.contains("no shared memory of"), "{words}");
    assert!(words.contains("setting its size failed"), "{words}");
}

/// The server's part, with a client of its own.
pub(crate) async fn starve() {
    let mut served = Served::start().await;
    let mut before = served.open(Tier::Broker, Options::default()).await;
    let geometry = Geometry::new(4, BYTES, 0).unwrap();

    limit(Some(64 * 1_024));
    is_told(&served.frames.channel("other", geometry).unwrap_err());
    say("no channel");
    let larger = Geometry::new(10, BYTES * 2, 2).unwrap();
    is_told(&served.writer.replace(larger).unwrap_err());
    // The channel goes on as it was.
    served.publish();
    assert_eq!(frame(&mut before).await.seq(), 1);
    say("no larger frames");

    // Less than a return page.
    limit(Some(1_024));
    let mut client = served.client().await;
    let request = wire::OpenRequest {
        channel: NAME.to_owned(),
        tiers: vec![wire::Tier::Broker.into()],
        inline_below: Some(0),
        ..wire::OpenRequest::default()
    };
    let status = client.open(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(Reason::of(&status), Some(Reason::ChannelFull));
    let words = status.message();
    assert!(words.contains("no memory for another reader"), "{words}");
    assert_eq!(served.stats().await.subscriptions.len(), 1);
    say("no reader that maps");
    let mut inline = served.open(Tier::Inline, Options::default()).await;
    served.publish();
    for stream in [&mut before, &mut inline] {
        while frame(stream).await.seq() != 2 {}
    }
    say("bytes for one that does not");

    limit(None);
    let mut mapped = served.open(Tier::Broker, Options::default()).await;
    assert_eq!(frame(&mut mapped).await.seq(), 2);
    say("a reader that maps, with memory again");

    drop(mapped);
    served.wait_for_readers(2).await;
    let mut filed = served.open(Tier::File, Options::default()).await;
    assert_eq!(frame(&mut filed).await.seq(), 2);
    limit(Some(1_024));
    served.publish();
    let next = tokio::time::timeout(LONG, filed.next()).await.unwrap();
    let Err(NextError::Ended(status)) = next else {
        panic!("{next:?}");
    };
    assert_eq!(status.code(), Code::ResourceExhausted);
    let words = status.message();
    assert!(words.contains("cannot be written"), "{words}");
    say("no frame in a file");
    let asked = by(Tier::File, Options::default());
    let opened = asked.open(&served.channel().await, NAME).await;
    let mut instead = opened.unwrap();
    assert_eq!(instead.tier(), Some(Tier::Inline));
    assert_eq!(frame(&mut instead).await.seq(), 3);
    assert_eq!(served.frame_files().len(), 0);
    say("bytes where there is no file");
}
