//! Checks that Wine cannot carry out, and Windows can.

use std::io::Write as _;

/// Whether a check has to be left out, which is said aloud, on standard output: it waits for Windows itself.
#[must_use]
pub fn left_out_by_wine(what: &str) -> bool {
    let is_wine = nearcall_sys::wine::is_wine();
    if is_wine {
        // Past the test runner, which would keep it to itself.
        let text = format!("left out, since this is Wine: {what}\n");
        let _unheard = std::io::stdout().write_all(text.as_bytes());
    }
    is_wine
}
