//! Files that frames go by: who gets one, what is in it, and what is left of it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use nearcall_frames::{Geometry, Header, Identity};
use nearcall_proto::frames::v1 as wire;
use nearcall_rpc::{Channel, Server};
use nearcall_sidecar::limits::{FILE_BYTES_MAX, FILES_MAX};
use nearcall_sidecar::{FilesError, Frames, NextError, Options, Tier};

use super::death::start;
use super::served::{
    BYTES, LONG, NAME, Served, by, frame, frame_files, frames_in, geometry, payload, publish,
};

/// Waits until so many files are there.
async fn until_there_are(folder: &Path, count: usize) {
    let look = async {
        while frame_files(folder).len() != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(LONG, look).await;
    assert!(found.is_ok(), "{count} in {:?}", frame_files(folder));
}

/// What a reader in another language asks for.
fn asking() -> wire::OpenRequest {
    wire::OpenRequest {
        channel: NAME.to_owned(),
        tiers: vec![wire::Tier::File.into()],
        inline_below: Some(0),
        ..wire::OpenRequest::default()
    }
}

#[tokio::test]
async fn a_file_is_its_readers_alone_and_goes_with_it() {
    let mut served = Served::start().await;
    let first = served.open(Tier::File, Options::default()).await;
    let mut second = served.open(Tier::File, Options::default()).await;
    let files = served.frame_files();
    assert_eq!(files.len(), 2);
    for file in &files {
        let found = fs::metadata(file).unwrap();
        assert_eq!(found.mode() & 0o7777, 0o440, "{}", file.display());
        assert!(File::open(file).unwrap().try_lock_fails());
    }
    drop(first);
    until_there_are(served.folder(), 1).await;
    served.publish();
    assert_eq!(frame(&mut second).await.seq(), 1);
    drop(second);
    until_there_are(served.folder(), 0).await;
    // A ticket that nobody uses takes its file along.
    let mut client = served.client().await;
    let opened = client.open(asking()).await.unwrap().into_inner();
    assert_eq!(served.frame_files(), [Path::new(&opened.file_path)]);
    drop(client);
    until_there_are(served.folder(), 0).await;
}

fn theirs_to_read(file: &Path) -> File {
    File::open(file).unwrap()
}

/// Whether somebody else holds the lock.
trait Locked {
    fn try_lock_fails(&self) -> bool;
}

impl Locked for File {
    fn try_lock_fails(&self) -> bool {
        let lock = rustix::fs::FlockOperation::NonBlockingLockExclusive;
        rustix::fs::flock(self, lock) == Err(rustix::io::Errno::WOULDBLOCK)
    }
}

#[tokio::test]
async fn a_clean_stop_leaves_no_file_whoever_still_reads() {
    let mut served = Served::start().await;
    let mut stream = served.open(Tier::File, Options::default()).await;
    let mut client = served.client().await;
    client.open(asking()).await.unwrap();
    served.publish();
    let kept = frame(&mut stream).await;
    assert_eq!(served.frame_files().len(), 2);
    let (_drained, folder, _writer) = served.stop().await;
    assert_eq!(frame_files(folder.path()), [] as [&Path; 0]);
    assert!(kept.bytes() == payload(1, BYTES));
}

#[tokio::test]
async fn what_a_killed_server_left_is_swept_and_what_lives_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let address = |name: &str| format!("unix:{}", folder.path().join(name).display());
    let mut killed = start("server", &address("killed.sock"), "").await;
    let _alive = start("server", &address("alive.sock"), "").await;
    let mut streams = Vec::new();
    for name in ["killed.sock", "alive.sock"] {
        let channel = Channel::connect(address(name)).await.unwrap();
        let options = by(Tier::File, Options::default());
        let mut stream = options.open(&channel, NAME).await.unwrap();
        assert_eq!(stream.tier(), Some(Tier::File));
        let frame = frame(&mut stream).await;
        streams.push((stream, frame, frame_files(folder.path())));
    }
    killed.kill();
    let left = frame_files(folder.path());
    assert_eq!(left.len(), 2, "a killed server removes nothing");
    // Whatever else is there is no concern of it.
    let uuid = "01234567-89ab-4cde-8f01-23456789abcd.frames";
    let strange = folder.path().join(uuid);
    symlink(folder.path().join("notes"), &strange).unwrap();
    fs::write(folder.path().join("notes"), "mine").unwrap();
    fs::write(folder.path().join("mine.frames"), "mine").unwrap();
    let _next = frames_in(folder.path());
    let theirs = &streams[0].2[0];
    assert!(!theirs.exists(), "it was left");
    let mut lives = frame_files(folder.path());
    lives.retain(|file| file != &strange);
    assert_eq!(lives.len(), 1, "its server lives");
    for name in ["notes", "mine.frames"] {
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"mine");
    }
    for (_, held, _) in &streams {
        assert!(held.bytes() == payload(3, BYTES));
    }
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_told_in_words() {
    let mut served = Served::start().await;
    let mut stream = served.open(Tier::File, Options::default()).await;
    served.publish();
    let kept = frame(&mut stream).await;
    let file = served.frame_files().remove(0);
    // Whoever is of this user can do this.
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let theirs = File::options().write(true).open(&file).unwrap();
    theirs.set_len(0).unwrap();
    served.publish();
    // Writing makes it as long again as that takes. Once the frame is there, it is cut again.
    let slots = Geometry::new(2, BYTES, 0).unwrap();
    let is_written = || {
        (0..2).any(|number| {
            let mut stamp = [0; 8];
            let at = slots.slot_header_at(slots.slot(number).unwrap());
            let read = theirs_to_read(&file).read_exact_at(&mut stamp, at as u64);
            read.is_ok() && u64::from_le_bytes(stamp) == 2 << 1
        })
    };
    let written = async {
        while !is_written() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, written).await.unwrap();
    theirs.set_len(0).unwrap();
    let next = tokio::time::timeout(LONG, stream.next()).await.unwrap();
    let Err(NextError::Broken { expected }) = next else {
        panic!("{next:?}");
    };
    assert_eq!(expected, "a file as long as it was");
    assert!(kept.bytes() == payload(1, BYTES), "a copy is one's own");
}

#[tokio::test]
async fn a_file_whose_name_is_gone_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let frames = frames_in(folder.path());
    let mut writer = frames.channel(NAME, geometry()).unwrap();
    let address = format!("unix:{}", folder.path().join("frames.sock").display());
    let server = Server::new(&address).add_service(frames.service()).bind();
    let server = tokio::spawn(server.await.unwrap().serve());
    let channel = Channel::connect(address).await.unwrap();
    let open = by(Tier::File, Options::default()).open(&channel, NAME);
    let mut stream = open.await.unwrap();
    // Who sweeps temporary files does this. Both have it open.
    fs::remove_file(&frame_files(folder.path())[0]).unwrap();
    publish(&mut writer);
    assert_eq!(frame(&mut stream).await.seq(), 1);
    server.abort();
}

#[tokio::test]
async fn without_both_sides_asking_there_is_no_file() {
    let served = Served::start().await;
    let stream = Options::default()
        .open(&served.channel().await, NAME)
        .await
        .unwrap();
    assert_eq!(stream.tier(), Some(Tier::Broker));
    assert_eq!(served.frame_files().len(), 0);
    assert!(!Options::default().tiers.contains(&Tier::File));
    // A server that was not told to.
    let folder = tempfile::tempdir().unwrap();
    let frames = Frames::new();
    let mut writer = frames.channel(NAME, geometry()).unwrap();
    let address = format!("unix:{}", folder.path().join("frames.sock").display());
    let server = Server::new(&address).add_service(frames.service()).bind();
    let server = tokio::spawn(server.await.unwrap().serve());
    let channel = Channel::connect(address).await.unwrap();
    let open = by(Tier::File, Options::default()).open(&channel, NAME);
    let mut stream = open.await.unwrap();
    assert_eq!(stream.tier(), Some(Tier::Inline));
    publish(&mut writer);
    assert_eq!(frame(&mut stream).await.seq(), 1);
    server.abort();
}

#[tokio::test]
async fn a_folder_that_is_open_to_others_takes_no_file() {
    let served = Served::start().await;
    let open = |mode| fs::set_permissions(served.folder(), Permissions::from_mode(mode)).unwrap();
    open(0o755);
    let channel = served.channel().await;
    let asked = by(Tier::File, Options::default());
    let stream = asked.clone().open(&channel, NAME).await.unwrap();
    assert_eq!(stream.tier(), Some(Tier::Inline), "others could look");
    assert_eq!(served.frame_files().len(), 0);
    let refused = Frames::new().allow_files_in(served.folder()).unwrap_err();
    assert!(matches!(refused, FilesError::Folder(_)), "{refused:?}");
    open(0o700);
    let stream = asked.open(&channel, NAME).await.unwrap();
    assert_eq!(stream.tier(), Some(Tier::File), "closed again");
    let twice = served.frames.allow_files_in(served.folder()).unwrap_err();
    assert!(matches!(twice, FilesError::Twice), "{twice:?}");
}

#[tokio::test]
async fn files_are_limited_and_one_more_reader_gets_bytes() {
    // With 16 slots, too large for a second file beside the first.
    let large = Geometry::new(6, FILE_BYTES_MAX / 30, 0).unwrap();
    let served = Served::start_with(large).await;
    let mut client = served.client().await;
    let mut tiers = Vec::new();
    for _ in 0..3 {
        let request = wire::OpenRequest {
            pins: 16,
            ..asking()
        };
        let opened = client.open(request).await.unwrap().into_inner();
        tiers.push(opened.tier());
    }
    let expected = [wire::Tier::File, wire::Tier::Inline, wire::Tier::Inline];
    assert_eq!(tiers, expected);
    assert_eq!(served.frame_files().len(), 1);
    drop(client);
    until_there_are(served.folder(), 0).await;

    // And in number: a channel takes as many readers, so the last is of another.
    let small = Geometry::new(FILES_MAX as u32 + 2, 64, 0).unwrap();
    let served = Served::start_with(small).await;
    let _other = served.frames.channel("other", small).unwrap();
    let mut client = served.client().await;
    for number in 0..=FILES_MAX {
        let channel = if number < FILES_MAX { NAME } else { "other" };
        let request = wire::OpenRequest {
            channel: channel.to_owned(),
            ..asking()
        };
        let opened = client.open(request).await.unwrap().into_inner();
        let is_file = opened.tier() == wire::Tier::File;
        assert_eq!(is_file, number < FILES_MAX, "{number}");
    }
    assert_eq!(served.frame_files().len(), FILES_MAX);
}

#[tokio::test]
async fn a_file_says_what_it_is() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let request = wire::OpenRequest {
        pins: 3,
        ..asking()
    };
    let opened = client.open(request).await.unwrap().into_inner();
    assert_eq!((opened.tier(), opened.pins), (wire::Tier::File, 3));
    let region = opened.region.unwrap();
    let mut bytes = [0; nearcall_frames::layout::header::FIXED_BYTES];
    let file = File::open(&opened.file_path).unwrap();
    file.read_exact_at(&mut bytes, 0).unwrap();
    let header = Header::parse(&bytes).unwrap();
    let told = Identity {
        epoch: region.epoch,
        channel: region.channel,
        region: region.region,
    };
    assert_eq!(header.identity, told);
    assert_eq!(header.geometry, Geometry::new(3, BYTES, 0).unwrap());
    let length = file.metadata().unwrap().len();
    assert_eq!(length, region.geometry.unwrap().region_bytes);
    assert_eq!(region.path, "", "the memory itself is not told");
}
