//! `nearcall frames` where shared memory is not served: it says so.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;

use crate::output;

/// Show frame channels: which there are, who reads them, and the pictures in them
#[derive(Debug, Args)]
pub(crate) struct FramesArgs {
    /// What the command takes on Linux, Windows and macOS
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<OsString>,
}

#[expect(clippy::unused_async, reason = "as every command")]
pub(crate) async fn run(args: FramesArgs) -> anyhow::Result<ExitCode> {
    let words: Vec<_> = args
        .words
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    Err(output::failure(
        format!(
            "`nearcall frames {}` is for Linux, Windows and macOS: frame channels are not on this system yet",
            words.join(" ")
        ),
        "calls work here; `nearcall list` shows what is served",
    ))
}
