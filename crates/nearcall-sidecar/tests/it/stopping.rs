//! A clean stop: nothing is left, nobody is waited for, and readers learn of it.

use std::time::{Duration, Instant};

use nearcall_frames::Geometry;
use nearcall_rpc::Server;
use nearcall_sidecar::{Frames, Options, Tier};

use super::served::{NAME, NEXT, Served, frame};

#[tokio::test]
async fn nothing_is_left_and_streams_do_not_hold_the_stop_up() {
    let mut served = Served::start().await;
    let mut streams = Vec::new();
    for tier in Tier::ALL {
        streams.push(served.open(tier, Options::default()).await);
    }
    served.publish();
    for stream in &mut streams {
        assert_eq!(frame(stream).await.seq(), 1);
    }
    let files = ["frames.sock", "frames.sock.frames"];
    let there = served.files();
    assert!(
        files.iter().all(|file| there.iter().any(|one| one == file)),
        "{there:?}"
    );
    let begun = Instant::now();
    let (drained, folder, _writer) = served.stop().await;
    assert!(drained.cut.is_empty(), "{drained:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_a_killed_server_left_is_taken_over() {
    let served = Served::start().await;
    drop(served.open(Tier::Broker, Options::default()).await);
    let broker = served.broker();
    let (_, folder, _writer) = served.stop().await;
    // As a server that was killed leaves it: a socket that nobody listens at.
    drop(nearcall_sys::packet::Listener::bind(&broker).unwrap());
    assert!(broker.exists());
    let frames = Frames::new();
    let writer = frames.channel(NAME, Geometry::new(6, 100, 1).unwrap());
    let _writer = writer.unwrap();
    let address = format!("unix:{}", folder.path().join("frames.sock").display());
    let bound = Server::new(&address).add_service(frames.service()).bind();
    let server = tokio::spawn(bound.await.unwrap().serve());
    let channel = nearcall_rpc::Channel::connect(address).await.unwrap();
    let options = super::served::by(Tier::Broker, Options::default());
    let stream = options.open(&channel, NAME).await.unwrap();
    assert_eq!(stream.tier(), Some(Tier::Broker));
    server.abort();
}

#[tokio::test]
async fn what_is_no_socket_is_left_alone() {
    let served = Served::start().await;
    std::fs::write(served.broker(), "mine").unwrap();
    let stream = nearcall_sidecar::open(&served.channel().await, NAME).await;
    assert_eq!(stream.unwrap().tier(), Some(NEXT));
    let broker = served.broker();
    let (.., folder, _writer) = served.stop().await;
    assert_eq!(std::fs::read_to_string(broker).unwrap(), "mine");
    drop(folder);
}

/// The folder of a world goes with the last server in it.
#[test]
fn the_runtime_folder_is_empty_after_a_clean_stop() {
    let name = "stopping::the_runtime_folder_is_empty_after_a_clean_stop";
    let Some(folder) = nearcall_testkit::isolated(name, &[]) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let frames = Frames::new();
        let writer = frames.channel(NAME, Geometry::new(6, 100_000, 1).unwrap());
        let mut writer = writer.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = Server::new("render").add_service(frames.service());
        let server = server.stop_when(async { drop(stopped.await) });
        let task = tokio::spawn(server.bind().await.unwrap().serve());
        let channel = nearcall_rpc::Channel::connect("render").await.unwrap();
        let mut stream = nearcall_sidecar::open(&channel, NAME).await.unwrap();
        assert_eq!(stream.tier(), Some(Tier::Broker));
        super::served::publish(&mut writer);
        assert_eq!(frame(&mut stream).await.seq(), 1);
        stop.send(()).unwrap();
        task.await.unwrap().unwrap();
        let world = folder.join("nearcall").join("default");
        assert!(
            !world.exists(),
            "{:?}",
            std::fs::read_dir(&world).map(Iterator::count)
        );
    });
}
