//! Another user of the same machine. Only root can become one, so without root these checks are left out, aloud.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use nearcall_rpc::Channel;
use nearcall_sidecar::{Options, Tier};
use nearcall_testkit::left_out_without_root;
use nearcall_transport::PeerPolicy;

use super::role::{Player, program, say};
use super::served::{NAME, Served, by, frame};

/// `nobody`.
pub(crate) const OTHER_UID: u32 = 65_534;

/// This test's binary, as another user.
pub(crate) fn as_other_user() -> Command {
    let mut command = Command::new(program());
    command.uid(OTHER_UID).gid(OTHER_UID).current_dir("/");
    command
}

/// Lets everybody at the server's socket, so that what refuses is the server.
fn open_to_all(served: &Served) {
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let broker = served.broker();
    set(broker.parent().unwrap(), 0o755);
    set(&broker.with_extension(""), 0o666);
}

#[tokio::test]
async fn another_user_opens_no_channel() {
    if left_out_without_root("another user opening a channel of frames") {
        return;
    }
    let mut served = Served::start().await;
    open_to_all(&served);
    let mut own = served.open(Tier::Broker, Options::default()).await;
    for tier in Tier::ALL {
        let argument = format!("{} {}", tier.as_str(), served.address());
        let mut stranger = Player::start(as_other_user(), "stranger", &argument);
        let said = stranger.says().await;
        assert!(said.starts_with("refused"), "{tier}: {said}");
        assert!(said.contains("user"), "in words: {said}");
    }
    assert_eq!(served.stats().await.subscriptions.len(), 1);
    served.publish();
    assert_eq!(frame(&mut own).await.seq(), 1);
}

#[tokio::test]
async fn another_user_that_is_let_in_gets_memory_and_never_a_path() {
    if left_out_without_root("another user that a server lets in") {
        return;
    }
    let allow = PeerPolicy::default().allow_uid(OTHER_UID);
    let mut served = Served::start_where(|server| server.allow(allow)).await;
    open_to_all(&served);
    served.publish();
    for (asked, expected) in [
        (Tier::Broker, "broker"),
        // The path would lead below this process's `/proc`, where another user may not look.
        (Tier::Proc, "inline"),
        // And the folder of the files is closed to it.
        (Tier::File, "inline"),
        (Tier::Inline, "inline"),
    ] {
        let argument = format!("{} {}", asked.as_str(), served.address());
        let mut stranger = Player::start(as_other_user(), "stranger", &argument);
        assert_eq!(stranger.says().await, format!("frame 1 by {expected}"));
    }
    served.wait_for_readers(0).await;
}

/// The other user's part: one way to get frames, and where the server is.
pub(crate) async fn read(argument: String) {
    let (tier, address) = argument.split_once(' ').unwrap();
    let tier = Tier::ALL.into_iter().find(|one| one.as_str() == tier);
    let options = by(tier.unwrap(), Options::default());
    let opened = match Channel::connect(address).await {
        Ok(channel) => options
            .open(&channel, NAME)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match opened {
        Ok(mut stream) => {
            let frame = frame(&mut stream).await;
            say(&format!("frame {} by {}", frame.seq(), frame.tier()));
        }
        Err(error) => say(&format!("refused: {error}")),
    }
}
