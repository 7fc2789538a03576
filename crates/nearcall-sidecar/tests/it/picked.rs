//! Which way a server picks, and what is done where that turns out not to be.

use nearcall_frames::Geometry;
use nearcall_sidecar::{FrameStream, Options, Tier};

use super::served::{NAME, NEXT, Served, by, frame};

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
