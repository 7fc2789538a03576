//! `cargo xtask test`: every test of the workspace, then the checks by stock tools.

use std::time::Duration;

use crate::check::{Check, Selection, Session, conclude, list, run_all, workspace_root};
use crate::failures;
#[cfg(unix)]
use crate::outside;
use crate::program::Program;
use crate::tally::Tally;
use crate::windows;

/// Carries out the task.
pub(crate) fn run(selection: &Selection) -> anyhow::Result<bool> {
    let checks = if selection.windows {
        windows::checks()
    } else {
        checks()
    };
    if selection.list {
        list(&checks);
        return Ok(true);
    }
    conclude(run_all(&checks, selection, &workspace_root()?)?)
}

fn checks() -> Vec<Check> {
    let mut checks = vec![Check {
        name: "cargo-test",
        about: "every test and doctest of the workspace",
        needs: &[],
        limit: Duration::from_secs(40 * 60),
        run: cargo_test,
    }];
    checks.push(Check {
        name: "loom",
        about: "publishing and leasing frames in every order of events",
        needs: &[],
        limit: Duration::from_secs(20 * 60),
        run: loom,
    });
    #[cfg(target_os = "linux")]
    checks.push(Check {
        name: "posix-frames",
        about: "shared memory, its sockets and frames by what macOS has too, run here",
        needs: &[],
        limit: Duration::from_secs(30 * 60),
        run: posix_frames,
    });
    #[cfg(unix)]
    checks.extend(outside::checks());
    checks.extend(windows::checks_if_due());
    #[cfg(not(unix))]
    checks.push(Check {
        name: "outside",
        about: "stock tools at Unix sockets: not written for this platform",
        needs: &[],
        limit: Duration::from_secs(1),
        run: |_| Ok(Tally::SKIPPED),
    });
    checks
}

fn cargo_test(session: &Session<'_>) -> anyhow::Result<Tally> {
    let all = session.cargo()?;
    Ok(tests(all.args(["test", "--workspace", "--no-fail-fast"]))?.0)
}

/// The models, built apart: what `--cfg loom` builds is of no use to anything else.
fn loom(session: &Session<'_>) -> anyhow::Result<Tally> {
    let models = session
        .cargo()?
        .args(["test", "--package", "nearcall-frames", "--test", "loom"])
        .args(["--release"])
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", session.root.join("target/loom"));
    Ok(tests(models)?.0)
}

/// What is written for macOS and is POSIX, in the place of what Linux alone has, built apart as the models are.
#[cfg(target_os = "linux")]
fn posix_frames(session: &Session<'_>) -> anyhow::Result<Tally> {
    let suites = session
        .cargo()?
        .args(["test", "--no-fail-fast"])
        .args(["--package", "nearcall-sys", "--package", "nearcall-frames"])
        .args(["--package", "nearcall-sidecar", "--package", "render"])
        .env("RUSTFLAGS", "--cfg nearcall_posix")
        .env("CARGO_TARGET_DIR", session.root.join("target/posix"));
    Ok(tests(suites)?.0)
}

/// Runs a `cargo test`, counts what its test programs said, and answers that beside.
pub(crate) fn tests(cargo: Program) -> anyhow::Result<(Tally, String)> {
    let ended = cargo.run()?;
    let report = Report::read(&ended.stdout);
    let mut tally = report.tally;
    for name in &report.ignored {
        println!("ignored: {name}");
    }
    if !ended.status.success() {
        println!("{}", ended.in_full());
        failures::note("tests", &ended.in_full());
        // A test program that does not build or does not end has no line of results.
        tally.failed = tally.failed.max(1);
    }
    let said = format!("{}{}", ended.stdout, ended.stderr);
    Ok((tally, said))
}

/// What the test programs that cargo ran have said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    tally: Tally,
    ignored: Vec<String>,
}

impl Report {
    fn read(output: &str) -> Self {
        let mut report = Self::default();
        for line in output.lines() {
            if let Some(counts) = line.strip_prefix("test result: ") {
                report.tally += Tally {
                    passed: count(counts, "passed"),
                    failed: count(counts, "failed"),
                    skipped: count(counts, "ignored"),
                };
            } else if let Some((name, _)) = line
                .strip_prefix("test ")
                .and_then(|test| test.split_once(" ... ignored"))
            {
                report.ignored.push(name.to_owned());
            }
        }
        report
    }
}

/// The number before `word` in `ok. 3 passed; 0 failed; …`.
fn count(counts: &str, word: &str) -> u64 {
    let words: Vec<_> = counts.split([' ', ';']).collect();
    let position = words.iter().position(|found| *found == word);
    let number = position.and_then(|position| words.get(position.checked_sub(1)?));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_all_test_programs_add_up() {
        let check = |output: &str, expected: &str, ignored: &[&str]| {
            let report = Report::read(output);
            assert_eq!(report.tally.to_string(), expected);
            assert_eq!(report.ignored, ignored);
        };
        let one = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        let other = "test a::b ... ignored, too slow\ntest result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured\n";
        check("", "0 passed, 0 failed", &[]);
        check(one, "3 passed, 0 failed", &[]);
        check(
            &[one, other].concat(),
            "4 passed, 2 failed, 1 skipped",
            &["a::b"],
        );
        check("error: could not compile", "0 passed, 0 failed", &[]);
    }
}
