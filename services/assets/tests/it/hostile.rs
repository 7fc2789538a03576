//! Clients that fill memory and mean harm, or die of it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use nearcall::frames::limits::{UPLOAD_BYTES_MAX, UPLOADS_MAX};
use nearcall::frames::{Reason, Tier, Upload, UploadError, UploadOptions};
use nearcall::proto::frames::v1 as frames;
use nearcall::{Channel, Code, Status};

use super::served::proto::StoreRequest;
use super::served::proto::assets_client::AssetsClient;
use super::served::{LONG, Loaded, Served, all, samples};

/// The address that the process in the role of a client uploads to; without it, there is nothing to do.
const ADDRESS: &str = "ASSETS_TEST_UPLOADS_TO";

/// The ways in memory of the server's.
#[cfg(not(windows))]
const TIERS: [Tier; 2] = [Tier::Broker, Tier::Proc];

/// The ways in memory of the server's.
#[cfg(windows)]
const TIERS: [Tier; 1] = [Tier::Handle];

async fn open(channel: &Channel, tier: Tier, bytes: usize) -> Result<Upload, UploadError> {
    let options = UploadOptions {
        tiers: vec![tier],
        inline_below: 0,
    };
    options.open(channel, bytes).await
}

async fn store(channel: &Channel, path: &str, file: frames::Bulk) -> Result<(), Status> {
    let request = StoreRequest {
        path: path.to_owned(),
        file: Some(file),
        replace: true,
    };
    AssetsClient::new(channel.clone())
        .store(request)
        .await
        .map(drop)
}

fn reason(error: &UploadError) -> Option<Reason> {
    match error {
        UploadError::Refused(status) => Reason::of(status),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_what_was_checked_however_the_client_writes_on() {
    let mut served = Served::start(&["--store"]);
    let channel = served.channel().await;
    let good = std::fs::read(samples().join("waves.png")).unwrap();
    let (mut kept, mut refused) = (0, 0);
    for round in 0..12 {
        let tier = TIERS[round % TIERS.len()];
        let mut upload = open(&channel, tier, good.len()).await.unwrap();
        upload.write(0, &good).unwrap();
        let bulk = upload.commit(good.len()).unwrap();
        let stop = AtomicBool::new(false);
        let stored = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    upload.write(good.len() / 2, &[0x5a; 64]).unwrap();
                    upload
                        .write(good.len() / 2, &good[good.len() / 2..][..64])
                        .unwrap();
                }
            });
            let stored = tokio::task::block_in_place(|| {
                let stored = store(&channel, "race.png", bulk);
                tokio::runtime::Handle::current().block_on(stored)
            });
            stop.store(true, Ordering::Relaxed);
            stored
        });
        match stored {
            Ok(()) => {
                kept += 1;
                assert!(std::fs::read(served.root.join("race.png")).unwrap() == good);
            }
            Err(status) => {
                refused += 1;
                assert_eq!(status.code(), Code::InvalidArgument, "{status}");
            }
        }
    }
    assert_eq!(kept + refused, 12);
    let loaded = Loaded::all(&channel, all(true)).await;
    assert!(loaded.failed.is_empty(), "{:?}", loaded.failed);
    assert!(served.is_alive());
    #[cfg(target_os = "linux")]
    assert_eq!(served.shared_memory(), 0);
}

#[tokio::test]
async fn a_commit_that_says_what_is_not_so_is_refused_and_used_up() {
    let served = Served::start(&["--store"]);
    let channel = served.channel().await;
    for tier in TIERS {
        for length in [0, 4_097, u64::MAX] {
            let mut upload = open(&channel, tier, 4_096).await.unwrap();
            assert!(upload.write(4_000, &[0; 97]).is_err(), "past the end");
            assert!(upload.commit(4_097).is_err(), "past the end");
            let Some(frames::bulk::Content::Upload(mut commit)) = upload.commit(1).unwrap().content
            else {
                panic!("expected a commit");
            };
            commit.length = length;
            let bulk = frames::Bulk {
                content: Some(frames::bulk::Content::Upload(commit.clone())),
            };
            let status = store(&channel, "a.png", bulk.clone()).await.unwrap_err();
            assert_eq!(Reason::of(&status), Some(Reason::BulkMisused), "{status}");
            let status = store(&channel, "a.png", bulk).await.unwrap_err();
            assert_eq!(Reason::of(&status), Some(Reason::UploadUnknown), "{status}");
        }
    }
    let frame = frames::bulk::Content::Frame(frames::FrameRef::default());
    for content in [None, Some(frame)] {
        let status = store(&channel, "a.png", frames::Bulk { content })
            .await
            .unwrap_err();
        assert_eq!(Reason::of(&status), Some(Reason::BulkMisused), "{status}");
    }
    #[cfg(target_os = "linux")]
    assert_eq!(served.shared_memory(), 0);
}

#[tokio::test]
async fn an_upload_is_of_its_connection_alone() {
    let served = Served::start(&["--store"]);
    let (mine, other) = (served.channel().await, served.channel().await);
    let file = std::fs::read(samples().join("models/cube.glb")).unwrap();
    let mut upload = open(&mine, TIERS[TIERS.len() - 1], file.len())
        .await
        .unwrap();
    upload.write(0, &file).unwrap();
    let bulk = upload.commit(file.len()).unwrap();
    let status = store(&other, "a.glb", bulk.clone()).await.unwrap_err();
    assert_eq!(Reason::of(&status), Some(Reason::UploadUnknown), "{status}");
    store(&mine, "a.glb", bulk).await.unwrap();
}

#[tokio::test]
async fn there_are_as_many_as_there_may_be() {
    let served = Served::start(&["--store"]);
    let channel = served.channel().await;
    for bytes in [UPLOAD_BYTES_MAX + 1, usize::MAX, 0] {
        let error = open(&channel, TIERS[0], bytes).await.unwrap_err();
        assert_eq!(reason(&error), Some(Reason::UploadRefused), "{error}");
    }
    for tier in TIERS {
        let mut held = Vec::new();
        for _ in 0..UPLOADS_MAX {
            held.push(open(&channel, tier, 4_096).await.unwrap());
        }
        let error = open(&channel, tier, 4_096).await.unwrap_err();
        assert_eq!(reason(&error), Some(Reason::UploadRefused), "{error}");
        // Inline takes no memory of the server's.
        let inline = open(&channel, Tier::Inline, 4_096).await.unwrap();
        assert_eq!(inline.tier(), Tier::Inline);
        // What is used up makes room: here by commits that come to nothing.
        for upload in &mut held {
            let bulk = upload.commit(1).unwrap();
            let status = store(&channel, "a.png", bulk).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        }
    }
    // What the broker handed over is gone with its socket, without a word over gRPC.
    #[cfg(target_os = "linux")]
    {
        let held = open(&channel, Tier::Broker, 4_096).await.unwrap();
        drop(held);
        served.wait_for_no_memory().await;
    }
}

#[tokio::test]
async fn a_client_that_is_killed_leaves_nothing() {
    let served = Served::start(&["--store"]);
    let channel = served.channel().await;
    let mut client = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::role", "--nocapture"])
        .env(ADDRESS, served.address())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let ready = tokio::task::spawn_blocking(move || {
        lines
            .map_while(Result::ok)
            .any(|line| line.contains("ready"))
    });
    let ready = tokio::time::timeout(LONG, ready).await.unwrap().unwrap();
    assert!(ready);
    // Of the broker's the server keeps its mapping alone, and no descriptor.
    #[cfg(target_os = "linux")]
    assert_eq!((served.shared_memory(), served.mapped_memory()), (1, 2));
    client.kill().unwrap();
    client.wait().unwrap();
    #[cfg(target_os = "linux")]
    served.wait_for_no_memory().await;
    // The others go on.
    let file = std::fs::read(samples().join("models/cube.glb")).unwrap();
    for tier in TIERS {
        let mut upload = open(&channel, tier, file.len()).await.unwrap();
        upload.write(0, &file).unwrap();
        let bulk = upload.commit(file.len()).unwrap();
        store(&channel, "after.glb", bulk).await.unwrap();
    }
}

#[test]
fn role() {
    let Ok(address) = std::env::var(ADDRESS) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let channel = nearcall::connect(address).await.unwrap();
        let mut held = Vec::new();
        for tier in TIERS {
            let mut upload = open(&channel, tier, 1 << 20).await.unwrap();
            upload.write(0, &[1; 1_000]).unwrap();
            held.push(upload);
        }
        println!("ready");
        std::future::pending::<()>().await;
    });
}
