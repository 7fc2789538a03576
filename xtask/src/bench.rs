//! `cargo xtask bench`: the benchmarks, a workspace of their own in `bench/`.
//!
//! They are built in `target/bench`, and so is what they compare with: one folder, whatever number of workspaces.

use std::ffi::OsString;

use crate::check::{Session, workspace_root};
use crate::side::{cargo, programs};
use crate::tally::Tally;

const FOLDER: &str = "bench";

/// How cargo runs one of them to measure.
const RUN: &[&str] = &[
    "run",
    "--release",
    "--manifest-path",
    "bench/Cargo.toml",
    "--target-dir",
    "target/bench",
    "--bin",
];

/// An argument that makes a benchmark as short as can be: it shows that it runs, not how fast.
const SMOKE: &str = "--smoke";

/// Carries out the task: lists the benchmarks, or runs one with the arguments that follow its name.
pub(crate) fn run(args: &[OsString]) -> anyhow::Result<bool> {
    match args.split_first() {
        Some((name, rest)) if name != "--list" => {
            let rest = [&[OsString::from("--")], rest].concat();
            cargo(RUN, name, &rest)
        }
        _ => {
            for name in programs(&workspace_root()?.join(FOLDER))? {
                println!("{name}");
            }
            Ok(true)
        }
    }
}

/// Runs every benchmark for a moment, and the tests of what they share; a checkout without `bench/` has none to count.
///
/// Not in release, and in the folder of the main workspace: what the tests have compiled serves here too.
pub(crate) fn smoke(session: &Session<'_>) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let programs = programs(&session.root.join(FOLDER))?;
    if programs.is_empty() {
        println!("there are no benchmarks in {FOLDER}/");
        return Ok(tally);
    }
    session
        .cargo()?
        .args([
            "test",
            "--manifest-path",
            "bench/Cargo.toml",
            "--target-dir",
        ])
        .arg(session.target())
        .args(["--package", "report", "--lib"])
        .succeed()?;
    for name in programs {
        session
            .cargo()?
            .args(["run", "--manifest-path", "bench/Cargo.toml", "--target-dir"])
            .arg(session.target())
            .args(["--bin", &name, "--", SMOKE])
            .succeed()?;
        tally += Tally::PASSED;
    }
    Ok(tally)
}
