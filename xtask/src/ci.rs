//! `cargo xtask ci`: what a change is held against beside its tests.

use std::env;
use std::time::Duration;

use anyhow::{bail, ensure};

use crate::bench;
use crate::check::{Check, Selection, Session, conclude, list, run_all, workspace_root};
use crate::tally::Tally;
use crate::tidy;

const MINUTES: u64 = 60;

const CHECKS: &[Check] = &[
    Check {
        name: "format",
        about: "rustfmt would change nothing",
        needs: &[],
        limit: Duration::from_secs(2 * MINUTES),
        run: format,
    },
    Check {
        name: "lints",
        about: "clippy has nothing to say",
        needs: &[],
        limit: Duration::from_secs(20 * MINUTES),
        run: lints,
    },
    Check {
        name: "docs",
        about: "rustdoc has nothing to say",
        needs: &[],
        limit: Duration::from_secs(15 * MINUTES),
        run: docs,
    },
    Check {
        name: "tidy",
        about: "the rules that a machine can hold",
        needs: &[],
        limit: Duration::from_secs(10 * MINUTES),
        run: |_| tidy::check(&[]),
    },
    Check {
        name: "deny",
        about: "cargo-deny, where it is installed",
        needs: &[],
        limit: Duration::from_secs(5 * MINUTES),
        run: deny,
    },
    Check {
        name: "bench-smoke",
        about: "each benchmark runs, however short",
        needs: &[],
        limit: Duration::from_secs(15 * MINUTES),
        run: bench::smoke,
    },
    Check {
        name: "clean-tree",
        about: "the checks left nothing behind in the checkout",
        needs: &[],
        limit: Duration::from_secs(MINUTES),
        run: clean_tree,
    },
];

/// Carries out the task.
pub(crate) fn run(selection: &Selection) -> anyhow::Result<bool> {
    if selection.list {
        list(CHECKS);
        return Ok(true);
    }
    conclude(run_all(CHECKS, selection, &workspace_root()?)?)
}

fn format(session: &Session<'_>) -> anyhow::Result<Tally> {
    session
        .cargo()?
        .args(["fmt", "--all", "--check"])
        .succeed()?;
    for folder in ["bench", "fuzz", "tests/outside/plain-tonic"] {
        let manifest = session.root.join(folder).join("Cargo.toml");
        if manifest.exists() {
            session
                .cargo()?
                .args(["fmt", "--check", "--manifest-path"])
                .arg(manifest)
                .succeed()?;
        }
    }
    Ok(Tally::PASSED)
}

fn lints(session: &Session<'_>) -> anyhow::Result<Tally> {
    session
        .cargo()?
        .args(["clippy", "--workspace", "--all-targets"])
        .args(["--", "-D", "warnings"])
        .succeed()?;
    Ok(Tally::PASSED)
}

fn docs(session: &Session<'_>) -> anyhow::Result<Tally> {
    // The command and the facade share the name `nearcall`, and so a page; the facade's is written last and stays.
    for targets in ["--bins", "--lib"] {
        session
            .cargo()?
            .args(["doc", "--workspace", "--no-deps", targets])
            .env("RUSTDOCFLAGS", "-D warnings")
            .succeed()?;
    }
    Ok(Tally::PASSED)
}

fn deny(session: &Session<'_>) -> anyhow::Result<Tally> {
    let installed = session.program("cargo-deny")?.arg("--version").run();
    if !installed.is_ok_and(|ended| ended.status.success()) {
        println!(
            "cargo-deny is not installed; licences and sources are held by tidy, advisories by nobody here"
        );
        return Ok(Tally::default());
    }
    session.cargo()?.args(["deny", "check"]).succeed()?;
    Ok(Tally::PASSED)
}

/// Where work is in progress the tree has changes of its own, so this holds under CI only.
fn clean_tree(session: &Session<'_>) -> anyhow::Result<Tally> {
    if env::var_os("CI").is_none() {
        println!("not under CI: changes are expected here");
        return Ok(Tally::default());
    }
    let ended = session
        .program("git")?
        .args(["status", "--porcelain"])
        .run()?;
    ensure!(ended.status.success(), "{}", ended.in_full());
    if !ended.stdout.trim().is_empty() {
        bail!("changed or left behind by the checks:\n{}", ended.stdout);
    }
    Ok(Tally::PASSED)
}
