//! Frames that are looked for without waiting, on a thread that knows no runtime.

use nearcall_frames::Policy;
use nearcall_sidecar::{FrameStream, NextError, Now, Options, Tier};

use super::served::{HANDED, Served, payload};

/// What a look finds, on a thread of its own.
async fn look(mut stream: FrameStream) -> (FrameStream, Result<Now, NextError>) {
    let looking = std::thread::spawn(move || {
        assert!(tokio::runtime::Handle::try_current().is_err());
        let found = stream.try_next();
        (stream, found)
    });
    tokio::task::spawn_blocking(|| looking.join().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_newest_is_there_or_nothing_is() {
    let mut served = Served::start().await;
    let stream = served.open(HANDED, Options::default()).await;
    let (stream, found) = look(stream).await;
    assert!(matches!(found, Ok(Now::Nothing)), "{found:?}");
    for _ in 0..3 {
        served.publish();
    }
    let (stream, found) = look(stream).await;
    let Ok(Now::Frame(held)) = found else {
        panic!("{found:?}")
    };
    assert_eq!((held.seq(), held.tier()), (3, HANDED));
    assert!(held.bytes() == payload(3, held.bytes().len()));
    let (stream, found) = look(stream).await;
    assert!(matches!(found, Ok(Now::Nothing)), "{found:?}");

    served.publish();
    let (stream, found) = look(stream).await;
    assert!(matches!(found, Ok(Now::Frame(_))), "{found:?}");
    served.publish();
    let (stream, all_held) = look(stream).await;
    assert!(matches!(found, Ok(Now::Frame(frame)) if frame.seq() == 4));
    assert!(
        matches!(all_held, Err(NextError::AllHeld { granted: 2 })),
        "{all_held:?}"
    );
    let (stream, found) = look(stream).await;
    assert!(
        matches!(&found, Ok(Now::Frame(frame)) if frame.seq() == 5),
        "{found:?}"
    );
    drop(found);

    drop(served.writer);
    let (_, found) = look(stream).await;
    assert!(matches!(found, Ok(Now::Closed)), "{found:?}");
    assert!(held.bytes() == payload(3, held.bytes().len()));
}

#[tokio::test]
async fn frames_in_turn_say_what_was_lost_before_them() {
    let mut served = Served::start().await;
    let options = Options {
        policy: Policy::DropOldest { depth: 2 },
        ..Options::default()
    };
    let mut stream = served.open(HANDED, options).await;
    for _ in 0..10 {
        served.publish();
    }
    for expected in [(9, 8), (10, 0)] {
        let (back, found) = look(stream).await;
        stream = back;
        let Ok(Now::Frame(frame)) = found else {
            panic!("{found:?}")
        };
        assert_eq!((frame.seq(), frame.lost()), expected);
    }
}

#[tokio::test]
async fn what_comes_over_a_connection_is_not_there() {
    let mut served = Served::start().await;
    served.publish();
    for tier in Tier::ALL.into_iter().filter(|tier| *tier != HANDED) {
        let stream = served.open(tier, Options::default()).await;
        let (mut stream, found) = look(stream).await;
        assert!(matches!(found, Ok(Now::Elsewhere)), "{tier}: {found:?}");
        assert_eq!(super::served::frame(&mut stream).await.seq(), 1);
    }
}
