//! `cargo xtask ci`: what a change is held against beside its tests.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;

use crate::bench;
use crate::check::{
    Check, GIT_ANY_OWNER, Selection, Session, conclude, list, run_all, workspace_root,
};
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
    let folders =
        ["bench", "fuzz", "tests/outside/plain-tonic"].map(|folder| session.root.join(folder));
    for folder in folders.into_iter().chain(peers(session)?) {
        let manifest = folder.join("Cargo.toml");
        if manifest.exists() {
            session
                .cargo()?
                .args(["fmt", "--all", "--check", "--manifest-path"])
                .arg(manifest)
                .succeed()?;
        }
    }
    Ok(Tally::PASSED)
}

/// What the benchmarks compare with: each a workspace of its own.
fn peers(session: &Session<'_>) -> anyhow::Result<Vec<PathBuf>> {
    let mut peers = Vec::new();
    for folder in ["bench/rpc/peers", "bench/frames/peers"] {
        let folder = session.root.join(folder);
        if folder.exists() {
            let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
            peers.extend(entries.collect::<anyhow::Result<Vec<_>>>()?);
        }
    }
    Ok(peers)
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

/// What `git status --porcelain` said before the checks; `.ci/run` names the file.
const TREE_FILE: &str = "XTASK_TREE_FILE";

fn clean_tree(session: &Session<'_>) -> anyhow::Result<Tally> {
    let Some(file) = env::var_os(TREE_FILE) else {
        println!("only `.ci/run` has noted what the checkout was like before");
        return Ok(Tally::default());
    };
    let before = fs::read_to_string(file)?;
    let after = session
        .program("git")?
        .args(GIT_ANY_OWNER)
        .args(["status", "--porcelain"])
        .succeed()?
        .stdout;
    let left = left_behind(&before, &after);
    ensure!(
        left.is_empty(),
        "changed or left behind by the checks:\n{}",
        left.join("\n")
    );
    Ok(Tally::PASSED)
}

/// The lines of `after` that `before` has not.
fn left_behind<'a>(before: &str, after: &'a str) -> Vec<&'a str> {
    let known: Vec<_> = before.lines().collect();
    after.lines().filter(|line| !known.contains(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_checks_left_is_found() {
        let check = |before, after, expected: &[&str]| {
            assert_eq!(left_behind(before, after), expected);
        };
        check("", "", &[]);
        check("?? notes\n", "?? notes\n", &[]);
        check(" M a.rs\n", "", &[]);
        check(
            "?? notes\n",
            "?? notes\n M Cargo.lock\n?? a.snap.new\n",
            &[" M Cargo.lock", "?? a.snap.new"],
        );
    }
}
