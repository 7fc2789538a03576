//! `cargo xtask soak`: what ordinary tests try for seconds, for as long as asked for.

use std::process::Command;

use anyhow::{Context as _, bail};
use lexopt::prelude::{Long, Value, ValueExt as _};

use crate::check::workspace_root;

/// Each soak: its name, the package and its test program.
const SOAKS: [(&str, &str, &str); 1] = [("frames", "nearcall-sidecar", "soak")];

/// What tells the test program how long.
const SECONDS: &str = "NEARCALL_SOAK_SECONDS";

const MINUTES_DEFAULT: u64 = 10;

/// Carries out the task: lists the soaks, or runs one.
pub(crate) fn run(mut args: lexopt::Parser) -> anyhow::Result<bool> {
    let (mut name, mut minutes) = (None, MINUTES_DEFAULT);
    while let Some(arg) = args.next()? {
        match arg {
            Value(text) if name.is_none() => name = Some(text.string()?),
            Long("minutes") => minutes = args.value()?.parse()?,
            Long("list") => name = None,
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(name) = name else {
        for (name, ..) in SOAKS {
            println!("{name}");
        }
        return Ok(true);
    };
    let Some((_, package, test)) = SOAKS.into_iter().find(|soak| soak.0 == name) else {
        bail!("there is no soak `{name}`; `cargo xtask soak --list` names them");
    };
    let seconds = minutes
        .checked_mul(60)
        .context("expected fewer minutes than that")?;
    let status = Command::new("cargo")
        .current_dir(workspace_root()?)
        .args(["test", "--package", package, "--test", test])
        .args(["--", "--nocapture"])
        .env(SECONDS, seconds.to_string())
        .status()?;
    Ok(status.success())
}
