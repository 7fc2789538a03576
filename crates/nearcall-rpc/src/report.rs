//! Errors as people read them: what went wrong, and below it why, one cause a line.
//!
//! A `main` that returns an error shows its `Debug`, so the errors that end programs say all of this there.

use std::error::Error;
use std::fmt;

/// Why an error came about, the nearest cause first.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

/// An error and its causes in one line, for the message of a status.
pub(crate) fn line(error: &(dyn Error + 'static)) -> String {
    causes(error).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Writes an error and its causes.
pub(crate) fn report(error: &(dyn Error + 'static), f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{error}")?;
    causes(error).try_for_each(|cause| write!(f, "\n  because: {cause}"))
}

#[cfg(test)]
mod tests {
    use crate::{ConnectError, ServeError};

    #[test]
    fn what_main_shows_is_for_people() {
        let error = crate::Channel::lazy("http:").err();
        let error = error.map(|error: ConnectError| format!("{error:?}"));
        let text = error.unwrap_or_default();
        assert!(
            text.starts_with("expected") && !text.contains("Resolve("),
            "{text}"
        );
        let text = format!(
            "{:?}",
            ServeError::Signals(std::io::Error::other("no room"))
        );
        assert_eq!(
            text,
            if cfg!(windows) {
                "cannot wait for ctrl-c, ctrl-break and the end of the console\n  because: no room"
            } else {
                "cannot wait for SIGINT and SIGTERM\n  because: no room"
            }
        );
    }
}
