//! Systems that no machine here runs: what is written for them holds its types.

use std::time::Duration;

use anyhow::{bail, ensure};

use crate::check::{Check, Session};
use crate::tally::Tally;
use crate::windows::Kit;

/// A system, and the packages that it has not.
struct System {
    target: &'static str,
    /// What opens files as Linux alone does.
    without: &'static [&'static str],
}

const SYSTEMS: [System; 2] = [
    System {
        target: "aarch64-apple-darwin",
        without: &["assets"],
    },
    System {
        target: "aarch64-unknown-linux-gnu",
        without: &[],
    },
];

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
    for system in &SYSTEMS {
        tally += match system.check(session, &kit) {
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

impl System {
    fn check(&self, session: &Session<'_>, kit: &Kit) -> anyhow::Result<()> {
        // The kit has the source of std, and std is checked along: it need not be built for a system to look at types.
        let ended = kit
            .set(session.program("cargo")?)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", kit.beside("other-systems"))
            .args([
                "check",
                "-Zbuild-std=std,panic_unwind",
                "--target",
                self.target,
            ])
            .args(["--workspace", "--all-targets", "--keep-going"])
            .args(
                self.without
                    .iter()
                    .flat_map(|package| ["--exclude", package]),
            )
            .succeed()?;
        let warnings = ended
            .stderr
            .lines()
            .filter(|line| line.starts_with("warning"));
        let warnings = warnings.count();
        if warnings > 0 {
            bail!("{} has {warnings} warnings:\n{}", self.target, ended.stderr);
        }
        println!("ok   {}", self.target);
        for package in self.without {
            println!("not for {}: {package}", self.target);
        }
        Ok(())
    }
}
