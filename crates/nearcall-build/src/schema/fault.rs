//! Errors of the compiler, said with the paths that the user knows.

use std::path::PathBuf;

use crate::error::{Error, ErrorKind};
use crate::report::{Report, list};
use crate::schema::text_of;

/// The error of a run for what the compiler reports.
pub(super) fn explain(error: protox::Error, includes: &[PathBuf]) -> Error {
    let file = error.file().and_then(|name| text_of(name, includes));
    let mut report = Report::of_diagnostic(&error, file.as_ref());
    if !error.is_parse() {
        report = report.with_columns_as_bytes();
    }
    let place = report.place();
    if error.is_file_not_found()
        && let Some(place) = place
    {
        report = report.help(format!(
            "include folders that were searched: {}",
            list(includes)
        ));
        let import = quoted(&error.to_string());
        let kind = ErrorKind::ImportNotFound {
            import,
            place,
            includes: includes.to_vec(),
        };
        return Error::reported(kind, &report);
    }
    let kind = ErrorKind::Proto {
        message: error.to_string(),
        place,
        source: Box::new(error),
    };
    Error::reported(kind, &report)
}

/// What stands between the first two quotes of `message`.
fn quoted(message: &str) -> String {
    message.split('\'').nth(1).unwrap_or(message).to_owned()
}
