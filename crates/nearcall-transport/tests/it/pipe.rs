//! Named pipes, with real processes.

use nearcall_testkit::left_out_by_wine;
use nearcall_transport::{
    Address, AddressError, BindError, ConnectError, Connection, ListenOptions, Listener, Peer,
    PeerPolicy, PrivateDir, Transport, blocking, child, create_private_file,
};
use std::io::{ErrorKind, IoSlice, Write as _};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::puppet::{Puppet, command};

/// The system's own account.
const SYSTEM: &str = "S-1-5-18";

/// How often two servers are started at once.
const ROUNDS: usize = 10;

fn unique(name: &str) -> Address {
    Address::Pipe(format!("nearcall-test.{name}.{}", std::process::id()))
}

#[test]
fn what_is_no_pipe_is_told_why() {
    let check = |text: &str, expected: &str| {
        let error = text.parse::<Address>().expect_err(text).to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    };
    check("pipe:", "expected the name of a pipe");
    check(r"pipe:a\b", "without backslashes");
    check("pipe:a/b", "without backslashes");
    check(
        &format!("pipe:{}", "a".repeat(300)),
        "has 300 characters, and Windows takes 247",
    );
    check("unix:arith.sock", "use `pipe:` here");
    check("unix-abstract:arith", "use `pipe:` here");
    assert_eq!(
        "pipe:arith.1".parse(),
        Ok::<_, AddressError>(Address::Pipe("arith.1".to_owned()))
    );
}

#[tokio::test]
async fn a_unix_socket_is_refused_in_words() {
    let address = Address::Unix("arith.sock".into());
    let connected = Connection::connect(&address).await;
    assert!(
        matches!(connected, Err(ConnectError::Unsupported { .. })),
        "{connected:?}"
    );
    let bound = Listener::bind(&address, &ListenOptions::default()).await;
    assert!(
        matches!(bound, Err(BindError::Unsupported { .. })),
        "{bound:?}"
    );
}

#[tokio::test]
async fn another_process_serves_and_both_know_each_other() {
    let address = unique("process");
    let mut puppet = Puppet::new("arith");
    assert_eq!(
        puppet.ask(&format!("bind {address}")),
        format!("listening {address}")
    );
    puppet.tell("greet");
    let mut connection = Connection::connect(&address).await.unwrap();
    let own = Peer::this_process(Transport::Pipe);
    assert_eq!(connection.peer().pid, Some(puppet.pid()));
    assert_eq!(connection.peer().sid, own.sid);
    connection.write_all(b"hello").await.unwrap();
    let mut heard = [0; 8];
    connection.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"good day");
    let expected = format!(
        "pipe peer pid={} sid={} said hello",
        std::process::id(),
        own.sid.unwrap()
    );
    assert_eq!(puppet.answer(), expected);
}

#[tokio::test]
async fn a_killed_server_ends_the_connection_and_leaves_nothing() {
    let address = unique("killed");
    for _ in 0..3 {
        let mut puppet = Puppet::new("arith");
        puppet.ask(&format!("bind {address}"));
        let mut connection = Connection::connect(&address).await.unwrap();
        // Its only instance is in use, so nobody can ask who it is.
        let second = Listener::bind(&address, &ListenOptions::default()).await;
        assert!(matches!(second, Err(BindError::InUse { .. })), "{second:?}");
        puppet.kill();
        let mut rest = Vec::new();
        let end = tokio::time::timeout(
            nearcall_testkit::PATIENCE,
            connection.read_to_end(&mut rest),
        );
        end.await.expect("the end is heard").unwrap();
        let gone = Connection::connect(&address).await;
        assert!(
            matches!(gone, Err(ConnectError::NotFound { .. })),
            "{gone:?}"
        );
    }
    drop(
        Listener::bind(&address, &ListenOptions::default())
            .await
            .unwrap(),
    );
}

#[tokio::test]
async fn who_comes_second_is_told_the_process() {
    let address = unique("second");
    let mut puppet = Puppet::new("arith");
    puppet.ask(&format!("bind {address}"));
    let second = Listener::bind(&address, &ListenOptions::default()).await;
    assert!(
        matches!(second, Err(BindError::InUse { pid: Some(pid), .. }) if pid == puppet.pid()),
        "{second:?}"
    );
}

#[test]
fn of_servers_started_at_once_one_wins() {
    let mut puppets = ["red", "green"].map(Puppet::new);
    for round in 0..ROUNDS {
        let address = unique(&format!("race{}", round % 3));
        for puppet in &mut puppets {
            puppet.tell(&format!("bind {address}"));
        }
        let answers = puppets.each_mut().map(Puppet::answer);
        let winners = answers
            .iter()
            .filter(|answer| answer.starts_with("listening"))
            .count();
        assert_eq!(winners, 1, "round {round}: {answers:?}");
        assert!(
            answers.iter().any(|answer| answer.contains("in use")),
            "{answers:?}"
        );
        for puppet in &mut puppets {
            puppet.ask("drop");
        }
    }
}

#[tokio::test]
async fn every_instance_is_its_owners_alone() {
    let address = unique("owner");
    let mut listener = Listener::bind(&address, &ListenOptions::default())
        .await
        .unwrap();
    let Address::Pipe(name) = &address else {
        unreachable!()
    };
    let own = Peer::this_process(Transport::Pipe).sid.unwrap();
    for _ in 0..3 {
        let client = nearcall_sys::pipe::open(name).unwrap();
        let described = nearcall_sys::descriptor::of(&client).unwrap();
        assert_eq!(described.owner, *own);
        assert_eq!(described.allowed, Some(vec![own.to_string()]));
        drop(listener.accept().await.unwrap());
    }
}

#[tokio::test]
async fn a_child_serves_its_parent() {
    if left_out_by_wine(
        "a child's inherited handle; across processes its bytes were not seen to come there",
    ) {
        return;
    }
    let (mut connection, child_end) = child::pair().unwrap();
    let mut passed = None;
    let mut puppet = Puppet::with("child", |command| passed = Some(child_end.pass_to(command)));
    drop(passed);
    puppet.tell("inherit");
    connection.write_all(b"to and fro").await.unwrap();
    let mut heard = [0; 10];
    connection.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"to and fro");
    drop(connection);
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
    let (mut child, mut connection) =
        child::spawn(command("child").stdin(std::process::Stdio::piped())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = Vec::new();
    let end = tokio::time::timeout(
        nearcall_testkit::PATIENCE,
        connection.read_to_end(&mut rest),
    );
    end.await.expect("the end is heard").unwrap();
}

#[test]
fn a_job_ends_its_processes() {
    let mut child = command("child")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let job = nearcall_transport::process::Job::new().unwrap();
    job.adopt(&child).unwrap();
    assert!(nearcall_transport::process::is_alive(child.id()));
    drop(job);
    child.wait().unwrap();
    assert!(!nearcall_transport::process::is_alive(child.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_block_read_and_write() {
    let address = unique("blocking");
    let mut listener = Listener::bind(&address, &ListenOptions::default())
        .await
        .unwrap();
    let dialed = address.clone();
    let client = tokio::task::spawn_blocking(move || {
        let stream = blocking::Stream::connect(&dialed, Duration::from_secs(5)).unwrap();
        let mut buffer = [0; 1 << 16];
        assert_eq!(stream.read(&mut buffer, blocking::Wait::No).unwrap(), None);
        let a_moment = blocking::Wait::UpTo(Some(Duration::from_millis(20)));
        assert_eq!(stream.read(&mut buffer, a_moment).unwrap(), None);
        let written = stream
            .write(&[IoSlice::new(b"to "), IoSlice::new(b"and fro")])
            .unwrap();
        assert_eq!(written, Some(10));
        stream.wait(Some(Duration::from_secs(5))).unwrap();
        let mut heard = Vec::new();
        loop {
            let read = stream.read(
                &mut buffer,
                blocking::Wait::UpTo(Some(Duration::from_secs(5))),
            );
            match read.unwrap() {
                Some(0) => break,
                Some(count) => heard.extend_from_slice(&buffer[..count]),
                None => panic!("nothing came after {} bytes", heard.len()),
            }
        }
        heard
    });
    let mut server = listener.accept().await.unwrap();
    let mut heard = [0; 10];
    server.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"to and fro");
    let answer: Vec<u8> = (0..300_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    server.write_all(&answer).await.unwrap();
    server.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(server);
    assert!(client.await.unwrap() == answer);
}

#[tokio::test]
async fn a_writer_that_nobody_reads_finds_no_room() {
    let address = unique("room");
    let mut listener = Listener::bind(&address, &ListenOptions::default())
        .await
        .unwrap();
    let client = blocking::Stream::connect(&address, Duration::from_secs(5)).unwrap();
    let _server = listener.accept().await.unwrap();
    let piece = [7; 40_000];
    let written = (0..20).take_while(|_| client.write(&[IoSlice::new(&piece)]).unwrap().is_some());
    let written = written.count();
    assert!((1..20).contains(&written), "{written} pieces went out");
}

#[test]
fn the_policy_goes_by_the_user() {
    let own = Peer::this_process(Transport::Pipe);
    assert!(PeerPolicy::default().admit(&own).is_ok());
    let mut other = own.clone();
    other.sid = Some("S-1-5-21-1-2-3-1009".into());
    let error = PeerPolicy::default().admit(&other).unwrap_err().to_string();
    assert!(error.contains("S-1-5-21-1-2-3-1009"), "{error}");
    assert!(
        PeerPolicy::default()
            .allow_sid("S-1-5-21-1-2-3-1009")
            .admit(&other)
            .is_ok()
    );
    assert!(PeerPolicy::default().allow_any_user().admit(&other).is_ok());
}

#[test]
fn a_private_folder_is_made_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("nearcall");
    for _ in 0..2 {
        let opened = PrivateDir::open(&root, "default").unwrap();
        assert!(opened.path().is_dir());
    }
}

/// What Windows enforces and Wine does not, so that it shows on Windows alone.
#[tokio::test]
async fn a_foreign_pipe_of_the_name_is_not_joined() {
    if left_out_by_wine("a foreign pipe; Wine lets anybody make the first instance of a pipe") {
        return;
    }
    let address = unique("foreign");
    let Address::Pipe(name) = &address else {
        unreachable!()
    };
    let _foreign = tokio::net::windows::named_pipe::ServerOptions::new()
        .create(nearcall_sys::pipe::path(name))
        .unwrap();
    let bound = Listener::bind(&address, &ListenOptions::default()).await;
    assert!(matches!(bound, Err(BindError::InUse { .. })), "{bound:?}");
}

#[test]
fn a_file_is_made_once_and_private() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("token");
    let mut file = create_private_file(&path).unwrap();
    file.write_all(b"secret").unwrap();
    drop(file);
    let described = nearcall_sys::descriptor::of_path(&path).unwrap();
    let own = nearcall_sys::identity::own_sid().unwrap();
    assert_eq!(described.owner, *own);
    // Wine makes the list of a file anew from its mode, with the system in it.
    let allowed = described.allowed.unwrap();
    assert!(allowed.iter().any(|sid| *sid == *own), "{allowed:?}");
    assert!(
        allowed.iter().all(|sid| *sid == *own || sid == SYSTEM),
        "{allowed:?}"
    );
    let second = create_private_file(&path).unwrap_err();
    assert_eq!(second.kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"secret");
}
