//! Who has a path, what is left at it, and what is said about it; with real processes.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nearcall_testkit::PATIENCE;
use nearcall_transport::{Address, BindError, ConnectError, Connection, ListenOptions, Listener};
use tokio::io::AsyncWriteExt;

use crate::puppet::Puppet;

/// How often two servers are started at once.
const ROUNDS: usize = 150;

/// How often the mode of a socket is looked at while it comes and goes.
const LOOKS: usize = 300;

async fn bind(path: &Path) -> Result<Listener, BindError> {
    Listener::bind(&Address::Unix(path.to_owned()), &ListenOptions::default()).await
}

fn left_in(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// A socket such as a server leaves that is killed. A program that another test starts at the same time holds a copy of
/// the listener until it runs.
fn leave_behind(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
    while UnixStream::connect(path).is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn of_servers_started_at_once_one_wins_and_the_others_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["red", "green", "blue"];
    let mut puppets = names.map(Puppet::new);
    for round in 0..ROUNDS {
        // Every third round finds what a dead server left, every third one what nobody ever used.
        let path = folder.path().join(if round % 3 == 0 {
            "left.sock".to_owned()
        } else {
            format!("{round}.sock")
        });
        if round % 3 == 0 {
            leave_behind(&path);
        }
        for puppet in &mut puppets {
            puppet.tell(&format!("bind unix:{}", path.display()));
        }
        let answers = puppets.each_mut().map(Puppet::answer);
        let winners: Vec<usize> = (0..3)
            .filter(|&at| answers[at].starts_with("listening"))
            .collect();
        assert_eq!(winners.len(), 1, "round {round}: {answers:?}");
        let winner = format!(
            "in use by `{}`, pid {}",
            names[winners[0]],
            puppets[winners[0]].pid()
        );
        let losers = answers
            .iter()
            .filter(|answer| answer.contains(&winner))
            .count();
        assert_eq!(losers, 2, "round {round}: {answers:?}");
        for puppet in &mut puppets {
            puppet.ask("drop");
        }
        assert_eq!(left_in(folder.path()), 0, "round {round}");
    }
}

#[test]
fn stopping_and_starting_at_once_never_leaves_two() {
    let folder = tempfile::tempdir().unwrap();
    let bind = format!("bind unix:{}", folder.path().join("arith.sock").display());
    let mut puppets = ["red", "green"].map(Puppet::new);
    let mut listening = 0;
    assert!(puppets[listening].ask(&bind).starts_with("listening"));
    for round in 0..ROUNDS {
        let other = 1 - listening;
        puppets[listening].tell("drop");
        puppets[other].tell(&bind);
        assert_eq!(puppets[listening].answer(), "dropped");
        let answer = puppets[other].answer();
        // Whichever came first; refused, it tries again, and must succeed then.
        if !answer.starts_with("listening") {
            assert!(answer.contains("in use"), "round {round}: {answer}");
            assert!(
                puppets[other].ask(&bind).starts_with("listening"),
                "round {round}"
            );
        }
        listening = other;
    }
    puppets[listening].ask("drop");
    assert_eq!(left_in(folder.path()), 0);
}

#[tokio::test]
async fn a_killed_server_is_cleaned_up_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.sock");
    for _ in 0..5 {
        let mut puppet = Puppet::new("arith");
        let answer = puppet.ask(&format!("bind unix:{}", path.display()));
        assert_eq!(answer, format!("listening unix:{}", path.display()));
        assert!(
            matches!(bind(&path).await, Err(BindError::InUse { pid: Some(pid), .. }) if pid == puppet.pid())
        );
        puppet.kill();
        assert_eq!(
            left_in(folder.path()),
            2,
            "the socket and the lock are left behind"
        );
        let refused = Connection::connect(&Address::Unix(path.clone())).await;
        assert!(
            matches!(refused, Err(ConnectError::Refused { .. })),
            "{refused:?}"
        );
    }
    drop(bind(&path).await.unwrap());
    assert_eq!(left_in(folder.path()), 0);
}

#[tokio::test]
async fn a_foreign_server_that_lives_is_not_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.sock");
    let foreign = UnixListener::bind(&path).unwrap();
    let bound = bind(&path).await;
    assert!(
        matches!(&bound, Err(BindError::InUse { pid: Some(pid), .. }) if *pid == std::process::id()),
        "the kernel says who it is: {bound:?}"
    );
    foreign.accept().unwrap();
    UnixStream::connect(&path).unwrap();
    assert_eq!(left_in(folder.path()), 1, "no lock of ours is left");
}

#[tokio::test]
async fn a_foreign_server_too_busy_to_answer_is_not_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.sock");
    let foreign = tokio::net::UnixSocket::new_stream().unwrap();
    foreign.bind(&path).unwrap();
    let _foreign = foreign.listen(0).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::net::UnixStream::connect(&path).await {
        waiting.push(stream);
    }
    let bound = bind(&path).await;
    assert!(matches!(bound, Err(BindError::InUse { .. })), "{bound:?}");
    assert!(path.exists());
}

#[tokio::test]
async fn what_a_dead_foreign_server_left_is_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.sock");
    leave_behind(&path);
    assert!(path.exists());
    drop(bind(&path).await.unwrap());
    assert_eq!(left_in(folder.path()), 0);
}

#[tokio::test]
async fn what_is_no_socket_stays() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "precious").unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink(at("file"), at("link")).unwrap();
    for (name, found) in [
        ("file", "a file"),
        ("folder", "a folder"),
        ("link", "a symbolic link"),
    ] {
        match bind(&at(name)).await {
            Err(error @ BindError::NotASocket { .. }) => {
                assert!(
                    error.to_string().contains(&format!("found {found}")),
                    "{error}"
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let _datagram = UnixDatagram::bind(at("datagram")).unwrap();
    let bound = bind(&at("datagram")).await;
    assert!(matches!(bound, Err(BindError::Unclear { .. })), "{bound:?}");
    symlink(at("file"), at("trap.lock")).unwrap();
    let bound = bind(&at("trap")).await;
    assert!(
        matches!(
            bound,
            Err(BindError::NotASocket {
                found: "a symbolic link",
                ..
            })
        ),
        "{bound:?}"
    );
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "precious");
    assert_eq!(left_in(folder.path()), 5, "and no lock of ours");
}

#[tokio::test]
async fn a_socket_that_replaced_ours_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.sock");
    let listener = bind(&path).await.unwrap();
    // A new socket may get the number of a removed one's inode at once, so the old file is kept under another name.
    fs::rename(&path, folder.path().join("moved")).unwrap();
    let foreign = UnixListener::bind(&path).unwrap();
    drop(listener);
    UnixStream::connect(&path).unwrap();
    foreign.accept().unwrap();
}

#[tokio::test]
async fn nobody_else_could_connect_at_any_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.sock");
    let seen = Arc::new(AtomicUsize::new(0));
    let (watched, counted) = (path.clone(), Arc::downgrade(&seen));
    let watcher = std::thread::spawn(move || {
        while let Some(seen) = counted.upgrade() {
            if let Ok(metadata) = fs::symlink_metadata(&watched) {
                assert!(metadata.file_type().is_socket());
                assert_eq!(metadata.permissions().mode() & 0o077, 0);
                seen.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let start = std::time::Instant::now();
    while seen.load(Ordering::Relaxed) < LOOKS && !watcher.is_finished() {
        assert!(
            start.elapsed() < PATIENCE,
            "the watcher does not come to see the socket"
        );
        drop(bind(&path).await.unwrap());
    }
    drop(seen);
    watcher.join().unwrap();
}

#[tokio::test]
async fn a_path_too_long_is_told_with_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let max = if cfg!(target_os = "linux") { 107 } else { 103 };
    let longest = folder
        .path()
        .join("x".repeat(max - folder.path().as_os_str().len() - 1));
    let mut listener = bind(&longest).await.unwrap();
    let address = listener.address().clone();
    let (client, server) = tokio::join!(Connection::connect(&address), listener.accept());
    drop((client.unwrap(), server.unwrap()));
    let too_long = longest.with_file_name(format!("{}x", longest.file_name().unwrap().display()));
    let expected = format!("has {} bytes, and this system takes {max}", max + 1);
    let error = bind(&too_long).await.unwrap_err().to_string();
    assert!(error.contains(&expected), "{error}");
    let error = Connection::connect(&Address::Unix(too_long))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn a_relative_path_is_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let mut puppet = Puppet::with("arith", |command| {
        command.current_dir(folder.path());
    });
    let answer = puppet.ask("bind unix:arith.sock");
    assert_eq!(
        answer,
        format!(
            "listening unix:{}",
            folder.path().join("arith.sock").display()
        )
    );
}

#[test]
fn a_short_relative_path_does_in_a_deep_folder() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("x".repeat(120));
    fs::create_dir(&deep).unwrap();
    let foreign = UnixListener::bind(folder.path().join("arith.sock")).unwrap();
    fs::rename(folder.path().join("arith.sock"), deep.join("arith.sock")).unwrap();
    let mut puppet = Puppet::with("client", |command| {
        command.current_dir(&deep);
    });
    puppet.tell("connect unix:arith.sock");
    drop(foreign.accept().unwrap());
    let answer = puppet.answer();
    let ours = format!("unix peer pid={}", std::process::id());
    assert!(answer.contains(&ours), "{answer}");
    let answer = puppet.ask("bind unix:arith.sock");
    assert!(answer.contains("and this system takes"), "{answer}");
}

#[tokio::test]
async fn a_missing_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = bind(&folder.path().join("none/arith.sock"))
        .await
        .unwrap_err();
    let advice = format!("mkdir -m 700 {}", folder.path().join("none").display());
    assert!(
        matches!(error, BindError::NoFolder { .. }) && error.to_string().contains(&advice),
        "{error}"
    );
    fs::write(folder.path().join("file"), "").unwrap();
    let error = bind(&folder.path().join("file/arith.sock"))
        .await
        .unwrap_err();
    assert!(matches!(error, BindError::Folder { .. }), "{error:?}");
}

/// A file system that takes no further file, in a mount namespace that ends with the process.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    if nearcall_testkit::left_out_without_root("mounting a full disk") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The one inode of this file system is its root folder's.
    let mount = format!(
        "mount -t tmpfs -o nr_inodes=1 tmpfs {} && exec \"$@\"",
        folder.path().display()
    );
    let mut puppet = Puppet::within("arith", &["unshare", "--mount", "sh", "-c", &mount, "sh"]);
    let answer = puppet.ask(&format!(
        "bind unix:{}",
        folder.path().join("arith.sock").display()
    ));
    assert!(answer.contains("on a disk with room"), "{answer}");
    assert!(answer.contains("No space left on device"), "{answer}");
}

#[tokio::test]
async fn a_listener_out_of_descriptors_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arith.sock");
    let mut puppet = Puppet::new("arith");
    puppet.ask(&format!("bind unix:{}", path.display()));
    let mut client = Connection::connect(&Address::Unix(path)).await.unwrap();
    assert_eq!(puppet.ask("starve"), "starved: waits, fed: true");
    // It was accepted and dropped; what can be said of it is that it ends.
    let _ = client.shutdown().await;
}
