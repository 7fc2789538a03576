//! Private children, over inherited sockets.

use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Stdio;

use nearcall_transport::{Address, Connection, child};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::puppet::{Puppet, command};

#[tokio::test]
async fn a_child_serves_its_parent() {
    let (mut connection, child_end) = child::pair().unwrap();
    let mut passed = None;
    let mut puppet = Puppet::with("child", |command| passed = Some(child_end.pass_to(command)));
    drop(passed);
    puppet.tell("inherit");
    connection.write_all(b"to and fro").await.unwrap();
    connection.shutdown().await.unwrap();
    let mut heard = [0; 10];
    connection.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"to and fro");
    let answer = puppet.answer();
    let parent = format!("inherit peer pid={}", std::process::id());
    for expected in [
        &*parent,
        "variable=None",
        "taken before",
        "NEARCALL_INHERIT",
        "next=pending",
    ] {
        assert!(answer.contains(expected), "{expected}: {answer}");
    }
}

#[tokio::test]
async fn a_childs_death_ends_the_connection() {
    let (mut child, mut connection) = child::spawn(command("child").stdin(Stdio::piped())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_command_passes_its_end_once() {
    let mut again = command("child");
    again.stdin(Stdio::piped()).stdout(Stdio::null());
    let (mut child, connection) = child::spawn(&mut again).unwrap();
    drop(connection);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        again.spawn().is_err(),
        "the descriptor is closed, and its number may be another's by now"
    );
}

#[tokio::test]
async fn what_is_no_connection_is_refused() {
    let number = |descriptor: i32| u32::try_from(descriptor).unwrap();
    let check = async |number: u32, expected: &str| {
        let error = Connection::connect(&Address::Inherit(Some(number)))
            .await
            .unwrap_err();
        let source = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        let text = format!("{error} {source}");
        assert!(text.contains(expected), "{number}: {text}");
    };
    let inheritable = |descriptor: std::os::fd::OwnedFd, minimum: i32| {
        let passed = rustix::io::fcntl_dupfd_cloexec(&descriptor, minimum).unwrap();
        rustix::io::fcntl_setfd(&passed, rustix::io::FdFlags::empty()).unwrap();
        number(passed.into_raw_fd())
    };
    check(0, "standard input").await;
    check(99_999, "not open").await;
    // A Rust program opens everything close-on-exec, so this one was not inherited.
    let own = std::fs::File::open("/dev/null").unwrap();
    check(number(own.as_raw_fd()), "opened by this process").await;
    let file = inheritable(own.into(), 600);
    check(
        file,
        "expected the inherited descriptor to be a stream socket",
    )
    .await;
    check(file, "taken before").await;
    let (datagram, _other) = UnixDatagram::pair().unwrap();
    check(inheritable(datagram.into(), 610), "a socket of type 2").await;
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("listener")).unwrap();
    check(inheritable(listener.into(), 620), "without a peer").await;
}
