//! Readers and servers that are killed. Each is this test binary in a role.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nearcall_frames::Policy;
use nearcall_rpc::{Channel, Server};
use nearcall_sidecar::{Now, Options, Tier};

use super::served::{LONG, NAME, Served, by, frame, geometry, publish};

pub(crate) const ROLE: &str = "NEARCALL_SIDECAR_TEST_ROLE";
pub(crate) const ADDRESS: &str = "NEARCALL_SIDECAR_TEST_ADDRESS";
pub(crate) const TICKET: &str = "NEARCALL_SIDECAR_TEST_TICKET";
const TIER: &str = "NEARCALL_SIDECAR_TEST_TIER";

/// The role that this process has; without one there is nothing to do.
#[test]
fn role() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    match variable(ROLE).as_str() {
        "" => {}
        "reader" => runtime().block_on(hold(&variable(ADDRESS), &variable(TIER))),
        "server" => runtime().block_on(serve(variable(ADDRESS))),
        "stranger" => super::tickets::stranger(&variable(ADDRESS), &variable(TICKET)),
        other => panic!("no role is named {other}"),
    }
}

/// A process that is killed when the test is over, whatever came of it.
pub(crate) struct Killed(Child);

impl Killed {
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a role, and waits until it says that it is ready.
pub(crate) async fn start(role: &str, address: &str, tier: &str) -> Killed {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "death::role", "--nocapture"])
        .env(ROLE, role)
        .env(ADDRESS, address)
        .env(TIER, tier)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let output = child.stdout.take().unwrap();
    let mut child = Killed(child);
    let ready = tokio::task::spawn_blocking(move || {
        let lines = BufReader::new(output).lines();
        lines
            .map_while(Result::ok)
            .any(|line| line.contains("ready"))
    });
    let ready = tokio::time::timeout(LONG, ready).await.unwrap().unwrap();
    assert!(ready, "{role} ended: {:?}", child.0.try_wait());
    child
}

/// Takes a frame and keeps it.
async fn hold(address: &str, tier: &str) {
    let tier = Tier::ALL.into_iter().find(|one| one.as_str() == tier);
    let channel = Channel::connect(address).await.unwrap();
    let options = by(tier.unwrap(), Options::default());
    let mut stream = options.open(&channel, NAME).await.unwrap();
    let held = frame(&mut stream).await;
    println!("ready");
    wait_for_the_end();
    drop(held);
}

async fn serve(address: String) {
    let socket = address.strip_prefix("unix:").unwrap();
    let frames = super::served::frames_in(Path::new(socket).parent().unwrap());
    let mut writer = frames.channel(NAME, geometry()).unwrap();
    let server = Server::new(address).add_service(frames.service());
    let server = tokio::spawn(server.bind().await.unwrap().serve());
    for _ in 0..3 {
        publish(&mut writer);
    }
    println!("ready");
    wait_for_the_end();
    server.abort();
}

/// The test that started this closes its end when it is over.
fn wait_for_the_end() {
    let _ = std::io::stdin().read(&mut [0]);
}

#[tokio::test]
async fn a_killed_reader_harms_nobody() {
    for tier in Tier::ALL {
        let mut served = Served::start().await;
        let policy = Policy::DropOldest { depth: 3 };
        let options = Options {
            policy,
            ..Options::default()
        };
        let mut survivor = served.open(Tier::Broker, options).await;
        served.publish();
        assert_eq!(frame(&mut survivor).await.seq(), 1);
        let mut reader = start("reader", &served.address(), tier.as_str()).await;
        served.wait_for_readers(2).await;
        reader.kill();
        served.wait_for_readers(1).await;
        for seq in 2..=40 {
            served.publish();
            assert_eq!(frame(&mut survivor).await.seq(), seq, "{tier}");
        }
        let stats = served.stats().await;
        assert_eq!((stats.dropped, stats.without_slot), (0, 0), "{tier}");
    }
}

#[tokio::test]
async fn readers_attach_to_a_server_that_was_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("frames.sock").display());
    let mut server = start("server", &address, "").await;
    let mut streams = Vec::new();
    for tier in Tier::ALL {
        let channel = Channel::connect(address.clone()).await.unwrap();
        let options = by(tier, Options::default());
        let mut stream = options.open(&channel, NAME).await.unwrap();
        let frame = frame(&mut stream).await;
        assert_eq!((frame.seq(), frame.tier()), (3, tier));
        streams.push((stream, frame));
    }
    server.kill();
    // What is held stays readable, whoever made it.
    let mut waiting = Vec::new();
    for (mut stream, held) in streams {
        let epoch = held.epoch();
        assert!(held.bytes() == super::served::payload(3, held.bytes().len()));
        waiting.push(tokio::spawn(async move {
            let frame = frame(&mut stream).await;
            (frame.seq(), frame.tier(), frame.epoch() != epoch, held)
        }));
    }
    let _server = start("server", &address, "").await;
    for (waiting, expected) in waiting.into_iter().zip(Tier::ALL) {
        let (seq, tier, is_another, held) = waiting.await.unwrap();
        // It may be attached before the last of the three is there.
        assert!((1..=3).contains(&seq), "{seq}");
        assert_eq!((tier, is_another), (expected, true));
        assert!(held.bytes() == super::served::payload(3, held.bytes().len()));
    }
}

#[tokio::test]
async fn a_look_finds_that_the_server_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("frames.sock").display());
    let mut server = start("server", &address, "").await;
    let channel = Channel::connect(address).await.unwrap();
    let options = by(Tier::Broker, Options::default());
    let mut stream = options.open(&channel, NAME).await.unwrap();
    let held = frame(&mut stream).await;
    assert!(matches!(stream.try_next(), Ok(Now::Nothing)));
    server.kill();
    let until = Instant::now() + LONG;
    loop {
        match stream.try_next() {
            Ok(Now::Elsewhere) => break,
            Ok(Now::Nothing) => assert!(Instant::now() < until, "nothing says so"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stream.tier(), None);
    assert!(held.bytes() == super::served::payload(3, held.bytes().len()));
}
