//! Checks that Wine cannot carry out, and Windows can.

use std::io::Write as _;

/// What each check says that is left out.
const LEFT_OUT: &str = "left out, since this is Wine: ";

/// Whether a check has to be left out, which is said aloud, on standard output: it waits for Windows itself.
#[must_use]
pub fn left_out_by_wine(what: &str) -> bool {
    let is_wine = nearcall_sys::wine::is_wine();
    if is_wine {
        say(&format!("{LEFT_OUT}{what}"));
    }
    is_wine
}

/// Says again what a test said in its own process that was left out.
pub(crate) fn repeat_left_out(text: &str) {
    for line in text.lines().filter(|line| line.contains(LEFT_OUT)) {
        say(line);
    }
}

fn say(line: &str) {
    // Past the test runner, which would keep it to itself.
    let _unheard = std::io::stdout().write_all(format!("{line}\n").as_bytes());
}
