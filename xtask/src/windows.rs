//! `cargo xtask test --windows`: the suites that run on Windows, built here and run by Wine.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use crate::check::{Check, Session};
use crate::tally::Tally;
use crate::test::tests;

/// Where the kit is, if not where `.ci/windows-kit` puts it.
const KIT_VARIABLE: &str = "NEARCALL_WINDOWS_KIT";

/// What the kit builds for.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// The packages whose tests run on Windows.
const PACKAGES: [&str; 3] = ["nearcall-lane", "nearcall-transport", "nearcall-rpc"];

/// What each test program that needs more than Wine says.
const LEFT_OUT: &str = "left out, since this is Wine";

pub(crate) fn checks() -> Vec<Check> {
    vec![Check {
        name: "windows",
        about: "the suites over named pipes, built for Windows and run by Wine",
        needs: &[],
        limit: Duration::from_secs(60 * 60),
        run,
    }]
}

fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let kit = std::env::var_os(KIT_VARIABLE)
        .map_or_else(|| session.target().join("windows-kit"), PathBuf::from);
    let variables = fs::read_to_string(kit.join("env")).with_context(|| {
        format!(
            "there is no kit in {}; run `bash .ci/windows-kit`",
            kit.display()
        )
    })?;
    let mut cargo = session
        .cargo()?
        .args(["test", "--no-fail-fast", "--tests", "--target", TARGET])
        // Another compiler would have everything else built anew.
        .args(["--target-dir", "target/windows"])
        .args(["--features", "nearcall-transport/parity-tokio-ipc"])
        .args(PACKAGES.into_iter().flat_map(|package| ["--package", package]));
    for line in variables.lines() {
        if let Some((name, value)) = line.split_once('=') {
            cargo = cargo.env(name, value);
        }
    }
    let (tally, output) = tests(cargo)?;
    for line in output.lines().filter(|line| line.contains(LEFT_OUT)) {
        println!("waits for Windows itself: {line}");
    }
    Ok(tally)
}
