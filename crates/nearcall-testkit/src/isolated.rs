//! A test in a process of its own, with a runtime folder of its own: for what goes by names and variables.

use std::path::PathBuf;
use std::process::Command;
#[cfg(windows)]
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Set in the process that runs the test itself.
const WITHIN: &str = "NEARCALL_TESTKIT_ISOLATED";

/// Waits until no other test of this program uses the names of a world, and keeps them away until it is dropped: pipes have
/// no folders, so that the worlds of all tests are the same.
#[cfg(windows)]
pub fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed has left its children to their own end.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the rest of a test in a child process whose runtime folder is empty and private, with more variables set.
/// In the child it answers the folder; in the parent it waits for the child, and answers none.
///
/// ```text
/// let Some(runtime) = isolated("registry::entry_is_written", &[]) else { return };
/// ```
///
/// # Panics
///
/// The child fails, or runs no test: `name` is the test's full path.
pub fn isolated(name: &str, variables: &[(&str, &str)]) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(WITHIN) {
        return Some(folder.into());
    }
    #[cfg(windows)]
    let _turn = alone();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("the test's own program");
    let output = Command::new(program)
        .args(["--exact", name, "--nocapture"])
        .env(WITHIN, folder.path())
        .env("XDG_RUNTIME_DIR", folder.path())
        .env("LOCALAPPDATA", folder.path())
        .env_remove("NEARCALL_WORLD")
        .env_remove("NEARCALL_WIRE")
        .envs(variables.iter().copied())
        .output()
        .expect("the test's own program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{name} failed in its own process:\n{text}\n{errors}"
    );
    assert!(
        text.contains("1 passed"),
        "there is no test {name}:\n{text}"
    );
    #[cfg(windows)]
    crate::wine::repeat_left_out(&text);
    None
}
