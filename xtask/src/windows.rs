//! `cargo xtask test --windows`: the suites that run on Windows, built here and run by Wine.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::check::{Check, Session, Tool};
use crate::program::Program;
use crate::tally::Tally;
use crate::test::tests;

/// Where the kit is, if not where `.ci/windows-kit` puts it.
const KIT_VARIABLE: &str = "NEARCALL_WINDOWS_KIT";

/// What the kit builds for.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

/// The packages whose tests run on Windows.
const PACKAGES: [&str; 7] = [
    "nearcall-sidecar",
    "render",
    "nearcall-frames",
    "nearcall-lane",
    "nearcall-sys",
    "nearcall-transport",
    "nearcall-rpc",
];

/// What each test that needs more than Wine says; it counts as passed for its test program, and not here.
const LEFT_OUT: &str = "left out, since this is Wine: ";

pub(crate) fn checks() -> Vec<Check> {
    let mut checks = vec![
        Check {
            name: "windows-kit",
            about: "a compiler and a std for Windows, a linker and Wine are there or are fetched",
            needs: &[Tool(&["apt-get", "--version"])],
            limit: Duration::from_secs(20 * 60),
            run: kit,
        },
        Check {
            name: "windows",
            about: "the suites over named pipes, built for Windows and run by Wine",
            needs: &[],
            limit: Duration::from_secs(60 * 60),
            run,
        },
    ];
    #[cfg(unix)]
    checks.push(crate::outside::windows());
    checks
}

/// The folder of a kit that is somewhere else.
fn elsewhere() -> Option<PathBuf> {
    std::env::var_os(KIT_VARIABLE).map(PathBuf::from)
}

/// Fetches and builds what of the kit is missing.
fn kit(session: &Session<'_>) -> anyhow::Result<Tally> {
    if let Some(folder) = elsewhere() {
        println!("{KIT_VARIABLE} says {}", folder.display());
        return Ok(Tally::PASSED);
    }
    let ended = session
        .program("bash")?
        .arg(".ci/windows-kit")
        .showing_progress()
        .succeed()?;
    println!("{}", ended.stdout.lines().last().unwrap_or_default());
    Ok(Tally::PASSED)
}

fn run(session: &Session<'_>) -> anyhow::Result<Tally> {
    let kit = Kit::of(session)?;
    let cargo = kit
        .cargo(session)?
        .args(["test", "--no-fail-fast", "--tests", "--target", TARGET])
        .args(["--features", "nearcall-transport/parity-tokio-ipc"])
        .args(
            PACKAGES
                .into_iter()
                .flat_map(|package| ["--package", package]),
        );
    let (mut tally, output) = tests(cargo)?;
    let waiting: Vec<_> = output
        .lines()
        .filter_map(|line| Some(line.split_once(LEFT_OUT)?.1))
        .collect();
    for what in &waiting {
        println!("waits for Windows itself: {what}");
    }
    if tally.passed == 0 {
        bail!("no test has run");
    }
    let waiting = u64::try_from(waiting.len())?;
    tally.passed = tally.passed.saturating_sub(waiting);
    println!(
        "{} tests passed by Wine, {} failed, {waiting} wait for Windows itself",
        tally.passed, tally.failed
    );
    Ok(tally)
}

/// A kit that is there.
pub(crate) struct Kit {
    variables: Vec<(String, String)>,
    /// Where what is built with it goes: another kit's std is another, even where its version is the same, and what was
    /// built with the one cannot be used with the other.
    pub(crate) built: PathBuf,
    /// What runs a program of Windows.
    pub(crate) wine: String,
}

impl Kit {
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn of(session: &Session<'_>) -> anyhow::Result<Self> {
        let folder = elsewhere().unwrap_or_else(|| session.target().join("windows-kit"));
        let text = fs::read_to_string(folder.join("env")).with_context(|| {
            let folder = folder.display();
            format!("there is no kit in {folder}; run `bash .ci/windows-kit`")
        })?;
        let variables: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let runner = variables.iter().find(|(name, _)| name.ends_with("_RUNNER"));
        let wine = runner.context("the kit should say what runs programs")?;
        let wine = wine.1.clone();
        Ok(Self {
            variables,
            built: folder.join("built"),
            wine,
        })
    }

    /// The cargo that builds with the kit's compiler and runs with its Wine.
    pub(crate) fn cargo(&self, session: &Session<'_>) -> anyhow::Result<Program> {
        let cargo = self.set(session.cargo()?);
        Ok(cargo.env("CARGO_TARGET_DIR", &self.built))
    }

    /// Gives a program the kit's settings.
    pub(crate) fn set(&self, program: Program) -> Program {
        self.variables
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value))
    }
}
