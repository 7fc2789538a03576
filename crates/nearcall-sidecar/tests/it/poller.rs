//! Who asks for the newest frame now and then, and gets it in memory that is lent.

use nearcall_frames::Geometry;
use nearcall_rpc::{Channel, Server};
use nearcall_sidecar::limits::LEASES_MAX;
use nearcall_sidecar::{Frame, Frames, PollError, Poller, Tier, poll};

use super::lender::LENT;
use super::served::{BYTES, LONG, NAME, Served, geometry, payload, publish};

async fn newest(poller: &mut Poller) -> Frame {
    let frame = tokio::time::timeout(LONG, poller.newest()).await;
    let frame = frame.expect("an answer comes").unwrap();
    let frame = frame.expect("one that is newer");
    let expected = payload(frame.seq(), frame.bytes().len());
    assert!(frame.bytes() == expected, "frame {} is torn", frame.seq());
    frame
}

#[tokio::test]
async fn the_newest_frame_comes_once_in_memory() {
    let mut served = Served::start().await;
    let mut poller = poll(&served.channel().await, NAME);
    assert!(poller.newest().await.unwrap().is_none());
    for _ in 0..3 {
        served.publish();
        let seq = served.publish();
        let frame = newest(&mut poller).await;
        assert_eq!((frame.seq(), frame.tier()), (seq, LENT));
        assert_eq!(frame.epoch(), served.frames.epoch());
        assert!(poller.newest().await.unwrap().is_none());
    }
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn a_frame_is_held_until_it_is_dropped() {
    let mut served = Served::start().await;
    let channel = served.channel().await;
    let mut poller = poll(&channel, NAME);
    let mut kept = Vec::new();
    for seq in 1..=LEASES_MAX as u64 {
        served.publish();
        kept.push(newest(&mut poller).await);
        assert_eq!(kept.last().map(Frame::seq), Some(seq));
    }
    for _ in 0..30 {
        served.publish();
    }
    let over = poller.newest().await;
    assert!(matches!(over, Err(PollError::AllHeld)), "{over:?}");
    for frame in &kept {
        assert!(frame.bytes() == payload(frame.seq(), BYTES), "torn");
    }
    served.wait_for_readers(LEASES_MAX).await;
    // As soon as one is dropped, the next one comes, many times over.
    for _ in 0..20 {
        kept.remove(0);
        served.publish();
        kept.push(newest(&mut poller).await);
    }
    // Frames outlive who asked for them.
    drop(poller);
    served.wait_for_readers(LEASES_MAX).await;
    std::thread::spawn(move || drop(kept)).join().unwrap();
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn frames_of_another_size_are_in_other_memory() {
    let mut served = Served::start().await;
    let mut poller = poll(&served.channel().await, NAME);
    served.publish();
    let kept = newest(&mut poller).await;
    for _ in 0..9 {
        served.publish();
    }
    drop(newest(&mut poller).await);
    let larger = Geometry::new(10, BYTES * 2, 2).unwrap();
    served.writer.replace(larger).unwrap();
    assert!(poller.newest().await.unwrap().is_none());
    assert_eq!(served.publish(), 1, "frames are counted anew");
    let fresh = newest(&mut poller).await;
    assert_eq!((fresh.seq(), fresh.bytes().len()), (1, BYTES * 2));
    assert_eq!(fresh.tier(), LENT);
    // And where another writer takes the channel over.
    drop(std::mem::replace(
        &mut served.writer,
        served.frames.channel("other", geometry()).unwrap(),
    ));
    served.writer = served.frames.channel(NAME, geometry()).unwrap();
    assert_eq!(served.publish(), 1);
    let other = newest(&mut poller).await;
    assert_eq!((other.seq(), other.bytes().len()), (1, BYTES));
    assert!(kept.bytes() == payload(1, BYTES), "torn");
}

#[tokio::test]
async fn what_nobody_waits_for_is_let_go_of() {
    let mut served = Served::start().await;
    let mut poller = poll(&served.channel().await, NAME);
    for _ in 0..LEASES_MAX * 3 {
        served.publish();
        // Given up at some point of the call.
        let none = std::time::Duration::ZERO;
        let given_up = tokio::time::timeout(none, poller.newest()).await;
        assert!(matches!(given_up, Err(_) | Ok(Ok(_))), "{given_up:?}");
    }
    served.publish();
    let frame = newest(&mut poller).await;
    assert_eq!((frame.seq(), frame.tier()), (served.writer.latest(), LENT));
    drop(frame);
    served.wait_for_readers(0).await;
}

#[tokio::test]
async fn over_tcp_they_come_inline() {
    let frames = Frames::new();
    let mut writer = frames.channel(NAME, geometry()).unwrap();
    let server = Server::new("http://127.0.0.1:0").add_service(frames.service());
    let bound = server.bind().await.unwrap();
    let address = bound.addresses().remove(0).to_string();
    let server = tokio::spawn(bound.serve());
    let mut poller = poll(&Channel::connect(address).await.unwrap(), NAME);
    publish(&mut writer);
    assert_eq!(newest(&mut poller).await.tier(), Tier::Inline);
    server.abort();
}

#[tokio::test]
async fn a_server_that_starts_anew_is_asked_again() {
    let mut served = Served::start().await;
    let mut poller = poll(&served.channel().await, NAME);
    served.publish();
    served.publish();
    let kept = newest(&mut poller).await;
    let (_, folder, writer) = served.stop().await;
    drop(writer);
    let gone = poller.newest().await;
    assert!(matches!(gone, Err(PollError::Refused(_))), "{gone:?}");
    let mut served = Served::start_in(folder, geometry(), |server| server).await;
    served.publish();
    let again = async {
        loop {
            if let Ok(Some(frame)) = poller.newest().await {
                return frame;
            }
        }
    };
    let fresh = tokio::time::timeout(LONG, again).await.expect("it comes");
    assert_eq!((fresh.seq(), fresh.tier()), (1, LENT));
    assert_eq!(fresh.epoch(), served.frames.epoch());
    assert!(kept.bytes() == payload(2, BYTES), "torn");
}
