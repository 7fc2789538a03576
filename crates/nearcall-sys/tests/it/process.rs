//! Starting and ending children.

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nearcall_sys::process;
use rustix::process::{Pid, getpgid, getsid};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(5);

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < PATIENCE,
            "did not happen within {PATIENCE:?}: {what}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A process that ends when its input does, or when it is made to.
fn idle() -> Command {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command
}

fn id(child: &Child) -> Option<Pid> {
    Pid::from_raw(child.id().try_into().unwrap())
}

#[test]
fn the_living_and_the_dead_are_told_apart() {
    let mut child = idle().spawn().unwrap();
    let pid = child.id();
    assert!(process::is_alive(pid));
    assert!(process::is_alive(std::process::id()));
    process::kill(pid).unwrap();
    // It is a zombie until it is waited for, and that is not alive.
    eventually("the killed child is no longer alive", || {
        !process::is_alive(pid)
    });
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert!(!process::is_alive(pid));
    for none in [0, u32::MAX, i32::MAX as u32] {
        assert!(!process::is_alive(none), "{none}");
    }
}

#[test]
fn asking_and_killing_differ() {
    let mut child = idle().spawn().unwrap();
    process::terminate(child.id()).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(process::terminate(child.id()).is_err(), "it is gone");
    assert!(process::kill(child.id()).is_err());
}

#[test]
fn numbers_that_mean_everybody_are_refused() {
    for (end, pid) in [
        (process::terminate as fn(u32) -> std::io::Result<()>, 0),
        (process::kill, 0),
        (process::terminate, u32::MAX),
        (process::terminate_group, 0),
        (process::terminate_group, 1),
        (process::kill_group, 0),
        (process::kill_group, 1),
        (process::kill_group, u32::MAX),
    ] {
        assert_eq!(
            end(pid).unwrap_err().kind(),
            std::io::ErrorKind::InvalidInput,
            "{pid}"
        );
    }
}

#[test]
fn a_group_ends_with_its_grandchildren() {
    for (end, signal) in [
        (
            process::terminate_group as fn(u32) -> std::io::Result<()>,
            15,
        ),
        (process::kill_group, 9),
    ] {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 60 & echo $!; wait"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        process::own_group(&mut command);
        let mut child = command.spawn().unwrap();
        assert_eq!(getpgid(id(&child)).ok(), id(&child));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let grandchild: u32 = line.trim().parse().unwrap();
        end(child.id()).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal));
        eventually("the grandchild ends", || !process::is_alive(grandchild));
    }
}

#[test]
fn a_detached_child_leads_its_own_session() {
    // Only the child is asked: where the leader of this process's own session stands outside its PID namespace, the
    // kernel answers 0 (getsid(2)), which is no process.
    let mut command = idle();
    process::detach(&mut command);
    let mut child = command.spawn().unwrap();
    assert_eq!(getsid(id(&child)).ok(), id(&child));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_descriptor_is_passed_and_closed_with_the_guard() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut command = Command::new("sh");
    command.arg("-c");
    let passed = process::pass_descriptor(&mut command, OwnedFd::from(theirs));
    command.arg(format!("echo through >&{}", passed.number()));
    let mut child = command.spawn().unwrap();
    drop(passed);
    let mut line = String::new();
    let mut reader = BufReader::new(ours);
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "through\n");
    assert_eq!(
        reader.read_line(&mut line).unwrap(),
        0,
        "the end follows the child's"
    );
    assert!(child.wait().unwrap().success());
    assert!(command.spawn().is_err(), "what it passed is closed");
}

#[test]
fn other_children_inherit_nothing() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut command = Command::new("true");
    let passed = process::pass_descriptor(&mut command, OwnedFd::from(theirs));
    let number = passed.number();
    let found = Command::new("test")
        .args(["-e", &format!("/dev/fd/{number}")])
        .status()
        .unwrap();
    assert!(
        !found.success(),
        "a command that passes nothing has passed descriptor {number}"
    );
    drop((ours, passed));
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_dies_with_its_parent() {
    let mut parent = Command::new(std::env::current_exe().unwrap());
    parent.args(["--exact", "process::parent", "--nocapture"]);
    parent.env("NEARCALL_SYS_TEST_PARENT", "1");
    let mut parent = parent
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let child = lines
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("child ")?.1.parse::<u32>().unwrap()));
    let child = child.expect("the parent says its child");
    assert!(process::is_alive(child));
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually("the child dies with its parent", || {
        !process::is_alive(child)
    });
}

/// The role of a parent that another test starts and kills; by itself it does nothing.
#[cfg(target_os = "linux")]
#[test]
fn parent() {
    if std::env::var_os("NEARCALL_SYS_TEST_PARENT").is_none() {
        return;
    }
    let mut command = idle();
    process::die_with_parent(&mut command);
    let mut child = command.spawn().unwrap();
    println!("child {}", child.id());
    // Waiting would close its input, and it would end of itself.
    let _input = child.stdin.take();
    child.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_can_hide_its_descriptors_and_memory() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "process::hidden", "--nocapture"]);
    child.env("NEARCALL_SYS_TEST_HIDDEN", "1");
    let output = child.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("from Dumpable to NotDumpable"),
        "PR_SET_DUMPABLE must take a process out of its user's sight: {text}"
    );
}

/// The role of a process that hides; by itself it does nothing, since hiding cannot be limited to one test.
#[cfg(target_os = "linux")]
#[test]
fn hidden() {
    use rustix::process::dumpable_behavior;
    if std::env::var_os("NEARCALL_SYS_TEST_HIDDEN").is_none() {
        return;
    }
    let before = dumpable_behavior().unwrap();
    process::hide_from_peers().unwrap();
    println!("from {before:?} to {:?}", dumpable_behavior().unwrap());
}
