//! Errors as people read them: what went wrong, and below it why, one cause a line.
//!
//! A `main` that returns an error shows its `Debug`, so the errors that end programs say all of this there.

use std::error::Error;
use std::fmt;

/// Writes an error and its causes.
pub(crate) fn report(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{error}")?;
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, "\n  because: {error}")?;
        cause = error.source();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{ConnectError, ServeError};

    #[test]
    fn what_main_shows_is_for_people() {
        let error = crate::Channel::lazy("unix:").err();
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
            "cannot wait for SIGINT and SIGTERM\n  because: no room"
        );
    }
}
