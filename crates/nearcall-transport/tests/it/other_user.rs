//! Another user of the same machine. Only root can become one, so without root these checks are left out, aloud.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use nearcall_testkit::left_out_without_root;
use nearcall_transport::{Address, ListenOptions, Listener};
#[cfg(target_os = "linux")]
use nearcall_transport::{PeerPolicy, PeerRefused};
#[cfg(target_os = "linux")]
use tokio::io::AsyncWriteExt;

use crate::puppet::Puppet;

/// `nobody`.
pub(crate) const OTHER_UID: u32 = 65534;

fn other_user() -> Puppet {
    Puppet::with("stranger", |command| {
        command.uid(OTHER_UID).gid(OTHER_UID).current_dir("/");
    })
}

#[tokio::test]
async fn the_mode_keeps_it_out_of_a_socket() {
    if left_out_without_root("connecting to another user's socket") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The folder lets everybody in, so that only the socket's own mode is left to keep others out.
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let address = Address::Unix(folder.path().join("arith.sock"));
    let _listener = Listener::bind(&address, &ListenOptions::default())
        .await
        .unwrap();
    let answer = other_user().ask(&format!("connect {address}"));
    assert!(
        answer.contains("this user may not connect") && answer.contains("Permission denied"),
        "{answer}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_policy_keeps_it_out_where_no_mode_does() {
    if left_out_without_root("connecting to another user's abstract socket") {
        return;
    }
    let address = Address::UnixAbstract(format!("nearcall-other-user-{}", std::process::id()));
    let mut listener = Listener::bind(&address, &ListenOptions::default())
        .await
        .unwrap();
    let mut stranger = other_user();
    stranger.tell(&format!("connect {address}"));
    let mut connection = listener.accept().await.unwrap();
    let peer = connection.peer();
    assert_eq!(
        (peer.uid, peer.gid, peer.pid),
        (Some(OTHER_UID), Some(OTHER_UID), Some(stranger.pid()))
    );
    let refused = PeerPolicy::default().admit(peer).unwrap_err();
    assert!(
        matches!(refused, PeerRefused::OtherUser { .. }),
        "{refused}"
    );
    assert!(
        PeerPolicy::default()
            .allow_uid(OTHER_UID)
            .admit(peer)
            .is_ok()
    );
    assert!(PeerPolicy::default().allow_any_user().admit(peer).is_ok());
    connection.shutdown().await.unwrap();
    let mut question = Vec::new();
    tokio::io::AsyncReadExt::read_buf(&mut connection, &mut question)
        .await
        .unwrap();
    drop(connection);
    let answer = stranger.answer();
    assert!(
        answer.contains(&format!("pid={} uid=0", std::process::id())),
        "{answer}"
    );
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_told() {
    if left_out_without_root("listening in another user's folder") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let address = Address::Unix(folder.path().join("arith.sock"));
    let answer = other_user().ask(&format!("bind {address}"));
    assert!(
        answer.contains("a folder that this user may write"),
        "{answer}"
    );
    assert!(answer.contains("Permission denied"), "{answer}");
}
