//! What `nearcall new` writes must build and pass as it is.

use std::env;
use std::fs;

use crate::check::Session;
use crate::tally::Tally;

use super::server::{in_runtime, release_programs, runtime_folder};

pub(crate) fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let nearcall = release_programs(session)?.join("nearcall");
    let folder = runtime_folder()?;
    in_runtime(session.program(nearcall)?, folder.path())
        .folder(folder.path())
        .args(["new", "arena"])
        .succeed()?;
    let project = folder.path().join("arena");
    // The same versions as here: what is under test is the project, and most of it is compiled already.
    fs::copy(session.root.join("Cargo.lock"), project.join("Cargo.lock"))?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let test = session
        .program(cargo)?
        .showing_progress()
        .folder(&project)
        .args(["test", "--target-dir"])
        .arg(session.target())
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    let ended = in_runtime(test, folder.path()).succeed()?;
    let passed = |line: &&str| line.starts_with("test result: ok. ") && !line.contains(" 0 passed");
    anyhow::ensure!(
        ended.stdout.lines().any(|line| passed(&line)),
        "the new project should have a test that runs: {}",
        ended.in_full()
    );
    Ok(Tally::PASSED)
}
