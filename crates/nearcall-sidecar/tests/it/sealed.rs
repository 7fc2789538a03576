//! Servers that keep other processes of their own user out of their `/proc`, and servers that do not.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::{Channel, Server};
use nearcall_sidecar::{Frames, Options, Tier};

use super::other_user::as_other_user;
use super::role::{Player, program, say, wait_for_the_end};
use super::served::{NAME, by, frame, geometry, publish};

/// A user without privileges, since root may look anywhere: this one, or where this is root, another.
fn plain_user() -> Command {
    if rustix::process::geteuid().is_root() {
        as_other_user()
    } else {
        Command::new(program())
    }
}

struct Tried {
    /// What a process of the same user made of the server's `/proc`.
    pried: String,
    /// How frames came to readers that asked for one way alone.
    tiers: Vec<String>,
}

/// A server, a reader that has a ticket and has not come with it, and a third process that looks for their memory.
async fn tried(role: &str) -> Tried {
    let folder = tempfile::tempdir().unwrap();
    // The server may be of another user than this process.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let address = format!("unix:{}", folder.path().join("frames.sock").display());
    let mut server = Player::start(plain_user(), role, &address);
    let pid = server.says().await;
    let mut peer = Player::start(plain_user(), "peer", &address);
    assert_eq!(peer.says().await, "has a ticket");
    let pried = Player::start(plain_user(), "pry", &pid).says().await;
    let mut tiers = Vec::new();
    for _ in Tier::ALL {
        tiers.push(peer.says().await);
    }
    Tried { pried, tiers }
}

#[tokio::test]
async fn a_sealed_server_is_closed_to_its_own_user() {
    let Tried { pried, tiers } = tried("sealed-server").await;
    assert_eq!(
        pried,
        "fd: permission denied; mem: permission denied; map_files: permission denied"
    );
    assert_eq!(tiers, ["broker", "inline", "inline", "inline"]);
}

/// What the test above would say of a server that is not sealed: the door that it closes is there. Memory is found by its
/// name, which what is made for macOS has none of.
#[cfg(not(nearcall_posix))]
#[tokio::test]
async fn a_server_that_is_not_sealed_is_open_to_its_own_user() {
    let Tried { pried, tiers } = tried("server").await;
    assert!(
        pried.contains("region to read, page to read and write"),
        "{pried}"
    );
    assert_eq!(tiers, ["broker", "proc", "file", "inline"]);
}

/// The server's part.
pub(crate) async fn serve(address: String, is_sealed: bool) {
    let socket = Path::new(address.strip_prefix("unix:").unwrap());
    let files = socket.with_file_name("files");
    let frames = if is_sealed {
        let frames = Frames::sealed_from_peers().unwrap();
        let refused = frames.allow_files_in(&files).unwrap_err();
        assert!(refused.to_string().contains("sealed"), "{refused}");
        frames
    } else {
        super::served::frames_in(&files)
    };
    let mut writer = frames.channel(NAME, geometry()).unwrap();
    publish(&mut writer);
    let server = Server::new(address).add_service(frames.service());
    let server = tokio::spawn(server.bind().await.unwrap().serve());
    say(&std::process::id().to_string());
    tokio::task::spawn_blocking(wait_for_the_end).await.unwrap();
    server.abort();
}

/// The reader's part: first a ticket whose memory waits at the server, then frames by each way.
pub(crate) async fn read(address: String) {
    let channel = Channel::connect(address).await.unwrap();
    let request = wire::OpenRequest {
        channel: NAME.to_owned(),
        tiers: vec![wire::Tier::Broker.into()],
        pins: 1,
        inline_below: Some(0),
        ..wire::OpenRequest::default()
    };
    let opened = FramesClient::new(channel.clone()).open(request).await;
    assert_eq!(opened.unwrap().into_inner().tier(), wire::Tier::Broker);
    say("has a ticket");
    for tier in Tier::ALL {
        let options = by(tier, Options::default());
        let mut stream = options.open(&channel, NAME).await.unwrap();
        assert_eq!(frame(&mut stream).await.seq(), 1);
        say(stream.tier().unwrap().as_str());
    }
    wait_for_the_end();
}

/// The part of a third process: what can it get hold of?
pub(crate) fn pry(pid: &str) {
    let proc = Path::new("/proc").join(pid);
    let denied = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    let fds = fs::read_dir(proc.join("fd")).map_or_else(denied, |entries| {
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.unwrap().path();
            let Ok(target) = fs::read_link(&path) else {
                continue;
            };
            let target = target.display().to_string();
            let what = match target.as_str() {
                name if name.contains("nearcall-frames-page") => "page",
                name if name.contains("nearcall-frames:") => "region",
                _ => continue,
            };
            let can_read = File::open(&path).is_ok();
            // A region opens for writing too, but takes neither a write nor a mapping: it is sealed.
            let can_write = File::options().write(true).open(&path).is_ok_and(|file| {
                use std::os::unix::fs::FileExt as _;
                file.write_at(&[0], 0).is_ok()
            });
            found.push(match (can_read, can_write) {
                (true, true) => format!("{what} to read and write"),
                (true, false) => format!("{what} to read"),
                _ => format!("{what} closed"),
            });
        }
        found.sort_by_key(|text| text.starts_with("page"));
        found.join(", ")
    });
    let opened = |name: &str| {
        let path = proc.join(name);
        let found = if path.is_dir() {
            fs::read_dir(path).map(|mut entries| {
                let first = entries.next().and_then(Result::ok);
                first.map_or_else(String::new, |entry| {
                    format!("{}", entry.file_name().display())
                })
            })
        } else {
            File::open(path).map(|_| "open".to_owned())
        };
        found.unwrap_or_else(denied)
    };
    say(&format!(
        "fd: {fds}; mem: {}; map_files: {}",
        opened("mem"),
        opened("map_files")
    ));
}
