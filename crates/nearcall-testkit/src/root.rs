//! Checks that only root can make, since only root can become another user.

use std::io::Write as _;

/// Whether a check has to be left out, which is said aloud.
///
/// # Panics
///
/// Under `CI=true` in place of leaving it out.
#[must_use]
pub fn left_out_without_root(what: &str) -> bool {
    if rustix::process::geteuid().is_root() {
        return false;
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{what}: this check needs root, and CI has to run it"
    );
    // Past the test runner, which would keep it to itself; a check that cannot even say so is left out all the same.
    let _unheard = writeln!(
        std::io::stderr(),
        "left out, since only root can become another user: {what}"
    );
    true
}
