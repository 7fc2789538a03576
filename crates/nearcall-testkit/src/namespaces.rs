//! Processes in namespaces of their own, as a container has them, by `unshare(1)`.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// User, PID, IPC and mount namespaces, `/proc` as it looks from within, and an end with whoever started it.
const APART: [&str; 8] = [
    "--pid",
    "--ipc",
    "--mount",
    "--fork",
    "--mount-proc",
    "--kill-child",
    "--user",
    "--map-root-user",
];

/// What root does without: a user namespace, which a changed root or a `/proc` with parts covered does not allow.
const AS_ROOT: &[&str] = APART.split_at(6).0;

/// The way that works here, if one does.
static WAY: LazyLock<Option<&[&str]>> = LazyLock::new(|| {
    [&APART[..], AS_ROOT].into_iter().find(|way| {
        let tried = apart_by(way).arg("true").stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    })
});

fn apart_by(way: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(way);
    command
}

/// A command that will run in namespaces of its own; the program and its arguments are added by the caller.
#[must_use]
pub fn apart() -> Command {
    apart_by(WAY.unwrap_or(&APART))
}

/// Whether a check has to be left out since no namespaces can be made here, which is said aloud.
///
/// # Panics
///
/// Under `CI=true` in place of leaving it out.
#[must_use]
pub fn left_out_without_namespaces(what: &str) -> bool {
    if WAY.is_some() {
        return false;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{what}: this check needs unshare(1) and namespaces, and CI has to run it"
    );
    // Past the test runner, which would keep it to itself; a check that cannot even say so is left out all the same.
    let _unheard = writeln!(
        std::io::stderr(),
        "left out, since unshare(1) cannot make namespaces here: {what}"
    );
    true
}
