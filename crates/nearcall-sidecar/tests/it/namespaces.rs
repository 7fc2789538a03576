//! A server and a reader, each in PID, IPC and mount namespaces of its own, that share a folder with sockets in it and
//! nothing else, as two containers do.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nearcall_rpc::{Channel, Server};
use nearcall_sidecar::{Frames, Options, Tier};
use nearcall_testkit::{apart, left_out_without_namespaces};

use super::role::{Player, program, say, wait_for_the_end};
use super::served::{NAME, frame, geometry, publish};

const FRAMES: usize = 30;

/// Shared memory with a name is another's in there too.
const OWN_MEMORY: &str = r#"mount -t tmpfs tmpfs /dev/shm && exec "$0" "$@""#;

/// As [`OWN_MEMORY`], and the folder with the sockets is at another path than the one the server knows.
const MOVED_FOLDER: &str = r#"mount -t tmpfs tmpfs /dev/shm && mkdir /dev/shm/moved \
    && mount --bind "$FOLDER" /dev/shm/moved && mount -t tmpfs tmpfs "$FOLDER" && exec "$0" "$@""#;

fn container(script: &str, folder: &Path) -> Command {
    let mut command = apart();
    command.args(["sh", "-c", script]).arg(program());
    command.env("FOLDER", folder);
    command
}

fn address(folder: &Path) -> String {
    format!("unix:{}", folder.join("frames.sock").display())
}

/// Which namespaces this process is in.
fn namespaces() -> String {
    let of = |kind: &str| {
        let link = std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
        link.display().to_string()
    };
    format!("{} {} {}", of("pid"), of("ipc"), of("mnt"))
}

fn assert_all_differ(parties: &[&str]) {
    for kind in 0..3 {
        let mut of_kind: Vec<_> = parties
            .iter()
            .map(|all| all.split(' ').nth(kind).unwrap())
            .collect();
        of_kind.sort_unstable();
        of_kind.dedup();
        assert_eq!(of_kind.len(), parties.len(), "{parties:?}");
    }
}

/// Starts both, and answers how frames came to the reader.
async fn tier_between(what: &str, script: &str, sees: impl Fn(&Path) -> String) -> Option<String> {
    if left_out_without_namespaces(what) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut server = Player::start(
        container(OWN_MEMORY, path),
        "namespaces-server",
        &address(path),
    );
    let of_server = server.says().await;
    let mut reader = Player::start(container(script, path), "namespaces-reader", &sees(path));
    let of_reader = reader.says().await;
    assert_all_differ(&[&namespaces(), &of_server, &of_reader]);
    let tier = reader.says().await;
    // Both are the first process there is, as in containers: a path below `/proc/1` means each to itself.
    assert_eq!(reader.says().await, "pid 1");
    assert_eq!(server.says().await, "pid 1");
    Some(tier)
}

#[tokio::test]
async fn memory_is_passed_where_only_sockets_are_shared() {
    let what = "frames between containers";
    if let Some(tier) = tier_between(what, OWN_MEMORY, address).await {
        assert_eq!(tier, "broker");
    }
}

#[tokio::test]
async fn a_path_that_means_nothing_falls_back_to_bytes() {
    let what = "frames between containers that mount the folder elsewhere";
    let moved = |_: &Path| address(Path::new("/dev/shm/moved"));
    if let Some(tier) = tier_between(what, MOVED_FOLDER, moved).await {
        // Nor does the server's `/proc` mean anything to the reader.
        assert_eq!(tier, "inline");
    }
}

/// The server's part.
pub(crate) async fn serve(address: String) {
    let frames = Frames::new();
    let mut writer = frames.channel(NAME, geometry()).unwrap();
    let server = Server::new(address).add_service(frames.service());
    let server = tokio::spawn(server.bind().await.unwrap().serve());
    let writing = std::thread::spawn(move || {
        loop {
            publish(&mut writer);
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    say(&namespaces());
    say(&format!("pid {}", std::process::id()));
    tokio::task::spawn_blocking(wait_for_the_end).await.unwrap();
    server.abort();
    drop(writing);
}

/// The reader's part.
pub(crate) async fn read(address: String) {
    say(&namespaces());
    let channel = Channel::connect(address).await.unwrap();
    let mut stream = Options::default().open(&channel, NAME).await.unwrap();
    let mut newest = 0;
    for _ in 0..FRAMES {
        let frame = frame(&mut stream).await;
        assert!(frame.seq() > newest, "{} after {newest}", frame.seq());
        newest = frame.seq();
    }
    say(stream.tier().map_or("none", Tier::as_str));
    say(&format!("pid {}", std::process::id()));
    wait_for_the_end();
}
