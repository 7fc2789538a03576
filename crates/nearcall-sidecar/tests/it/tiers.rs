//! One suite over every way that frames come: the same user code sees the same frames.

use nearcall_frames::meta::Video;
use nearcall_frames::{Details, Geometry, Meta, Policy};
use nearcall_sidecar::{FrameStream, NextError, Options, Tier};

use super::served::{BYTES, IN_PLACE, LONG, NAME, NEXT, Served, by, frame, payload};

/// Every frame in turn.
fn in_turn() -> Options {
    Options {
        policy: Policy::DropOldest { depth: 3 },
        ..Options::default()
    }
}

#[tokio::test]
async fn every_frame_comes_in_turn_whichever_way() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let mut stream = served.open(tier, in_turn()).await;
        for seq in 1..=20 {
            assert_eq!(served.publish(), seq);
            let frame = frame(&mut stream).await;
            assert_eq!(
                (frame.seq(), frame.lost(), frame.tier(), frame.epoch()),
                (seq, 0, tier, served.frames.epoch())
            );
            assert_eq!(frame.bytes().len(), BYTES);
        }
    }
}

#[tokio::test]
async fn what_is_said_of_a_frame_comes_along_whichever_way() {
    let mut served = Served::start().await;
    let details = Details {
        meta: Meta::Video(Video::new(160, 120, 640, *b"AB24")),
        captured: 5,
        crc: Some(6),
        user: [7; 24],
    };
    for tier in Tier::ALL {
        let mut stream = served.open(tier, Options::default()).await;
        served.writer.copy(b"pixels", &details).unwrap();
        let frame = stream.next().await.unwrap().unwrap();
        let info = frame.info();
        assert_eq!(frame.bytes(), b"pixels");
        assert_eq!(*frame.meta(), details.meta);
        assert_eq!((info.captured, info.crc, info.user), (5, Some(6), [7; 24]));
        assert!(info.published > 0);
    }
}

#[tokio::test]
async fn a_reader_waits_for_what_is_not_there_yet_and_hears_the_end() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let mut stream = served.open(tier, Options::default()).await;
        let reader = tokio::spawn(async move {
            let seq = frame(&mut stream).await.seq();
            let end = tokio::time::timeout(LONG, stream.next()).await;
            (seq, end.expect("the end is told").unwrap().is_none())
        });
        served.wait_for_readers(1).await;
        served.publish();
        let Served { writer, .. } = served;
        // The end must not overtake the frame.
        drop(writer);
        assert_eq!(reader.await.unwrap(), (1, true), "{tier}");
    }
}

#[tokio::test]
async fn who_keeps_all_frames_is_told_and_goes_on_with_one_less() {
    for &tier in IN_PLACE {
        let mut served = Served::start().await;
        let mut stream = served.open(tier, in_turn()).await;
        let mut kept = Vec::new();
        for _ in 0..2 {
            served.publish();
            kept.push(frame(&mut stream).await);
        }
        served.publish();
        let refused = stream.next().await.unwrap_err();
        assert!(
            matches!(refused, NextError::AllHeld { granted: 2 }),
            "{tier}: {refused}"
        );
        kept.remove(0);
        assert_eq!(frame(&mut stream).await.seq(), 3, "{tier}");
        for frame in kept {
            assert_eq!(frame.bytes(), payload(2, BYTES));
        }
    }
}

#[tokio::test]
async fn a_frame_that_is_kept_stays_as_it_is() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let mut stream = served.open(tier, Options::default()).await;
        served.publish();
        let kept = frame(&mut stream).await;
        for _ in 0..30 {
            served.publish();
        }
        assert_eq!(frame(&mut stream).await.seq(), 31, "{tier}: the newest");
        drop(stream);
        for _ in 0..30 {
            served.publish();
            tokio::task::yield_now().await;
        }
        assert!(kept.bytes() == payload(1, BYTES), "{tier}: torn");
        // And no longer than it is kept.
        drop(kept);
        served.wait_for_readers(0).await;
    }
}

#[tokio::test]
async fn a_frame_that_is_kept_past_its_stream_holds_nobody_up() {
    for tier in Tier::ALL {
        let mut served = Served::start_with(Geometry::new(8, BYTES, 0).unwrap()).await;
        let policy = Policy::Block {
            max_wait: std::time::Duration::from_secs(9),
            then: nearcall_frames::Then::DropNew,
        };
        let options = Options {
            policy,
            ..Options::default()
        };
        let mut stream = served.open(tier, options).await;
        served.publish();
        let kept = frame(&mut stream).await;
        drop(stream);
        let goes_on = async {
            for _ in 0..30 {
                while served.writer.loan().is_err() {
                    tokio::task::yield_now().await;
                }
                served.publish();
            }
        };
        let went_on = tokio::time::timeout(std::time::Duration::from_secs(5), goes_on).await;
        assert!(went_on.is_ok(), "{tier}: it holds the writer up");
        assert!(kept.bytes() == payload(1, BYTES), "{tier}: torn");
    }
}

#[tokio::test]
async fn readers_attach_anew_when_frames_change_their_size() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let mut stream = served.open(tier, Options::default()).await;
        served.publish();
        let kept = frame(&mut stream).await;
        let larger = Geometry::new(10, BYTES * 2, 2).unwrap();
        served.writer.replace(larger).unwrap();
        assert_eq!(served.publish(), 1, "frames are counted anew");
        let fresh = frame(&mut stream).await;
        assert_eq!((fresh.seq(), fresh.bytes().len()), (1, BYTES * 2));
        assert!(kept.bytes() == payload(1, BYTES), "{tier}: torn");
        assert_eq!(stream.tier(), Some(tier));
    }
}

#[tokio::test]
async fn the_server_picks_what_suits() {
    let mut served = Served::start().await;
    let small = served
        .frames
        .channel("small", Geometry::new(4, 1_024, 0).unwrap());
    let _small = small.unwrap();
    let channel = served.channel().await;
    let tier = |stream: FrameStream| stream.tier().unwrap();
    let all = Options::default;
    assert_eq!(
        tier(all().open(&channel, NAME).await.unwrap()),
        Tier::Broker
    );
    let picked = all().open(&channel, "small").await.unwrap();
    assert_eq!(tier(picked), Tier::Inline, "few bytes are faster sent");
    let picked = by(Tier::Broker, all()).open(&channel, "small").await;
    assert_eq!(tier(picked.unwrap()), Tier::Broker);
    // The broker is told, and is not there: a folder that is mounted elsewhere looks like this.
    let mut elsewhere = served.open(Tier::Broker, all()).await;
    std::fs::remove_file(served.broker()).unwrap();
    let mut stream = all().open(&channel, NAME).await.unwrap();
    assert_eq!(stream.tier(), Some(NEXT));
    let broker_alone = Options {
        tiers: vec![Tier::Broker],
        ..all()
    };
    let mut inline = broker_alone.open(&channel, NAME).await.unwrap();
    assert_eq!(inline.tier(), Some(Tier::Inline));
    served.publish();
    for stream in [&mut elsewhere, &mut stream, &mut inline] {
        assert_eq!(frame(stream).await.seq(), 1);
    }
}

#[tokio::test]
async fn over_tcp_frames_come_inline() {
    let frames = nearcall_sidecar::Frames::new();
    let mut writer = frames.channel(NAME, super::served::geometry()).unwrap();
    let server = nearcall_rpc::Server::new("http://127.0.0.1:0").add_service(frames.service());
    let bound = server.bind().await.unwrap();
    let address = bound.addresses().remove(0).to_string();
    let server = tokio::spawn(bound.serve());
    let channel = nearcall_rpc::Channel::connect(address).await.unwrap();
    let mut stream = nearcall_sidecar::open(&channel, NAME).await.unwrap();
    assert_eq!(stream.tier(), Some(Tier::Inline));
    super::served::publish(&mut writer);
    assert_eq!(frame(&mut stream).await.seq(), 1);
    server.abort();
}

#[tokio::test]
async fn both_wires_carry_them() {
    let mut served = Served::start().await;
    for wire in [nearcall_rpc::Wire::Grpc, nearcall_rpc::Wire::Lane] {
        let builder = nearcall_rpc::Channel::builder(served.address()).wire(wire);
        let channel = builder.connect().await.unwrap();
        for tier in Tier::ALL {
            let seq = served.publish();
            let stream = by(tier, Options::default()).open(&channel, NAME).await;
            let mut stream = stream.unwrap();
            assert_eq!(stream.tier(), Some(tier), "{wire}");
            assert_eq!(frame(&mut stream).await.seq(), seq, "{wire}");
            drop(stream);
            served.wait_for_readers(0).await;
        }
    }
}
