//! Systems that no machine here runs: what is written for them holds its types.

use std::time::Duration;

use anyhow::{bail, ensure};

use crate::check::{Check, Session};
use crate::tally::Tally;
use crate::windows::Kit;

const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "aarch64-unknown-linux-gnu"];

pub(crate) fn check() -> Check {
    Check {
        name: "other-systems",
        about: "the workspace and its tests hold their types on macOS and on Linux on ARM; nothing is linked or run",
        needs: &[],
        limit: Duration::from_secs(60 * 60),
        run,
    }
}

fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let kit = Kit::of(session)?;
    let mut tally = Tally::default();
    for target in TARGETS {
        tally += match holds(target, session, &kit) {
            Ok(()) => Tally::PASSED,
            Err(error) => {
                println!("{error:#}");
                Tally::FAILED
            }
        };
    }
    ensure!(tally.failed == 0, "{tally}");
    Ok(tally)
}

fn holds(target: &str, session: &Session<'_>, kit: &Kit) -> anyhow::Result<()> {
    // The kit has the source of std, and std is checked along: it need not be built for a system to look at types.
    let ended = kit
        .set(session.program("cargo")?)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", kit.beside("other-systems"))
        .args(["check", "-Zbuild-std=std,panic_unwind", "--target", target])
        .args(["--workspace", "--all-targets", "--keep-going"])
        .succeed()?;
    let warnings = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning"));
    let warnings = warnings.count();
    if warnings > 0 {
        bail!("{target} has {warnings} warnings:\n{}", ended.stderr);
    }
    println!("ok   {target}");
    Ok(())
}
