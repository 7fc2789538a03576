//! Children that end with their job, and those that they start.

use std::process::Stdio;
use std::time::Duration;

use nearcall_sys::event::wait_any;
use nearcall_sys::handover::Process;
use nearcall_sys::process::{Job, is_alive, own_group, own_group_suspended};
use std::os::windows::io::AsHandle;

use super::processes::{LONG, Other, command, say};

/// Long enough for a child that begins at once to start another.
const GAP: Duration = Duration::from_millis(500);

/// As a service that starts another program first of all.
pub(super) fn start_another() {
    let mut other = command("idle");
    other.stdin(Stdio::null()).stdout(Stdio::null());
    let mut other = other.spawn().unwrap();
    say(other.id());
    other.wait().unwrap();
}

/// Whether what a child starts first of all ends with the job that it was put into, long after its start.
fn ends_with_its_job(is_suspended: bool) -> bool {
    let mut parent = command("parent");
    if is_suspended {
        own_group_suspended(&mut parent);
    } else {
        own_group(&mut parent);
    }
    let mut parent = Other::spawn(&mut parent);
    let job = Job::new().unwrap();
    let other = if is_suspended {
        std::thread::sleep(GAP);
        job.begin(parent.child.id()).unwrap();
        parent.hear()
    } else {
        let other = parent.hear();
        job.adopt(&parent.child).unwrap();
        other
    };
    let other = other.parse().unwrap();
    let started = Process::open(other).unwrap();
    drop(job);
    parent.child.wait().unwrap();
    let wait = if is_suspended { LONG } else { GAP };
    let ended = wait_any(&[started.as_handle()], wait).unwrap().is_some();
    if !ended {
        nearcall_sys::process::kill(other).unwrap();
    }
    ended
}

#[test]
fn what_a_child_starts_first_of_all_is_in_its_job_where_it_began_there() {
    assert!(ends_with_its_job(true));
    assert!(!ends_with_its_job(false), "this test sees who escapes");
}

#[test]
fn a_child_that_has_not_begun_can_be_ended() {
    let mut child = command("idle");
    own_group_suspended(&mut child);
    let mut child = child.stdin(Stdio::null()).spawn().unwrap();
    assert!(is_alive(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    let job = Job::new().unwrap();
    assert!(job.begin(child.id()).is_err(), "it has ended");
}
