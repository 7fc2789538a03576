//! `cargo xtask test --windows`: the suites that run on Windows, built here and run by Wine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::check::{Check, Session, Tool, is_ci, workspace_root};
use crate::other_systems;
use crate::program::Program;
use crate::tally::Tally;
use crate::test::tests;

/// Where the kit is, if not where `.ci/windows-kit` puts it.
const KIT_VARIABLE: &str = "NEARCALL_WINDOWS_KIT";

/// Where that is, in `target`.
const KIT: &str = "windows-kit";

/// What the kit builds for.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

/// The packages that are there on Windows.
const PACKAGES: [&str; 15] = [
    "arith",
    "assets",
    "nearcall",
    "nearcall-build",
    "nearcall-capi",
    "nearcall-cli",
    "nearcall-frames",
    "nearcall-lane",
    "nearcall-proto",
    "nearcall-rpc",
    "nearcall-sidecar",
    "nearcall-sys",
    "nearcall-testkit",
    "nearcall-transport",
    "render",
];

/// What each test that needs more than Wine says; it counts as passed for its test program, and not here.
const LEFT_OUT: &str = "left out, since this is Wine: ";

pub(crate) fn checks() -> Vec<Check> {
    let here = [
        Check {
            name: "windows",
            about: "the suites over named pipes, built for Windows and run there or by Wine",
            needs: &[],
            limit: Duration::from_secs(60 * 60),
            run,
        },
        Check {
            name: "windows-lints",
            about: "clippy has nothing to say to what is built for Windows",
            needs: &[],
            limit: Duration::from_secs(60 * 60),
            run: lints,
        },
    ];
    if cfg!(windows) {
        return here.into();
    }
    let kit = Check {
        name: "windows-kit",
        about: "a compiler and a std for Windows, a linker and Wine are there or are fetched",
        needs: &[Tool(&["apt-get", "--version"])],
        limit: Duration::from_secs(20 * 60),
        run: kit,
    };
    let checks = [kit].into_iter().chain(here);
    #[cfg(unix)]
    let checks = checks.chain(crate::outside::windows());
    checks.chain([other_systems::check()]).collect()
}

/// Those of [`checks`] that are among all tests: all where a kit is there already, and on a machine that decides; elsewhere
/// one that says so.
pub(crate) fn checks_if_due() -> Vec<Check> {
    let kit = || Some(workspace_root().ok()?.join("target").join(KIT));
    let kit = elsewhere().or_else(kit);
    if is_ci() || kit.is_some_and(|kit| kit.join("env").exists()) {
        return checks();
    }
    vec![Check {
        name: "windows",
        about: "what is built for Windows and run by Wine",
        needs: &[],
        limit: Duration::from_secs(1),
        run: |_| {
            println!("left out: `cargo xtask test --windows` fetches what it takes, on Debian 12");
            Ok(Tally::SKIPPED)
        },
    }]
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
    build(session)?;
    let cargo = cargo(session, "test")?
        .args(["--no-fail-fast", "--tests"])
        // What cargo says of the workspace is not to be had within Wine.
        .env("INSTA_WORKSPACE_ROOT", session.root)
        .env("INSTA_UPDATE", "no");
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
    if cfg!(windows) && !waiting.is_empty() {
        bail!("this is Windows, and tests were left out");
    }
    let waiting = u64::try_from(waiting.len())?;
    tally.passed = tally.passed.saturating_sub(waiting);
    println!(
        "{} tests passed, {} failed, {waiting} wait for Windows itself",
        tally.passed, tally.failed
    );
    Ok(tally)
}

/// Builds all that is built for Windows: the tests, the examples that those of the command supervise, the programs, the C
/// library. All at once, since one package alone has other features, and so needs half of everything built anew.
///
/// # Errors
///
/// It does not build.
pub(crate) fn build(session: &Session<'_>) -> anyhow::Result<()> {
    cargo(session, "build")?.arg("--all-targets").succeed()?;
    Ok(())
}

/// A cargo with its task for what is there on Windows: the one of this machine on Windows, elsewhere the kit's.
fn cargo(session: &Session<'_>, task: &str) -> anyhow::Result<Program> {
    let cargo = if cfg!(windows) {
        session.cargo()?.arg(task)
    } else {
        let kit = Kit::of(session)?;
        let cargo = match task {
            // No other can read the std of the kit's compiler.
            "clippy" => kit
                .set(session.program(kit.clippy()?)?.showing_progress())
                .env("CARGO_TARGET_DIR", &kit.built),
            _ => kit.cargo(session)?,
        };
        cargo.args([task, "--target", TARGET])
    };
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
    let parity = ["--features", "nearcall-transport/parity-tokio-ipc"];
    Ok(cargo.args(packages).args(parity))
}

/// As the lints of `cargo xtask ci`, which see what is for this system alone.
fn lints(session: &Session<'_>) -> anyhow::Result<Tally> {
    cargo(session, "clippy")?
        .arg("--all-targets")
        .args(["--", "-D", "warnings"])
        // It asks for `const` where there is one: what it looks at is another expansion of `thread_local!`.
        .args(["-A", "clippy::missing_const_for_thread_local"])
        .succeed()?;
    Ok(Tally::PASSED)
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
        Self::at(&session.target())
    }

    /// As [`Self::of`], by the folder `target`.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn at(target: &Path) -> anyhow::Result<Self> {
        let folder = elsewhere().unwrap_or_else(|| target.join(KIT));
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

    /// The clippy of the kit's compiler.
    fn clippy(&self) -> anyhow::Result<PathBuf> {
        let compiler = self.variables().find(|(name, _)| *name == "RUSTC");
        let (_, compiler) = compiler.context("the kit should say what compiles")?;
        Ok(Path::new(compiler).with_file_name("cargo-clippy"))
    }

    /// Another folder of the kit's, for what is built with it and not for Windows.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.built.with_file_name(name)
    }

    /// What is set for every program of the kit.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.variables.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The cargo that builds with the kit's compiler and runs with its Wine.
    pub(crate) fn cargo(&self, session: &Session<'_>) -> anyhow::Result<Program> {
        let cargo = self.set(session.cargo()?);
        Ok(cargo.env("CARGO_TARGET_DIR", &self.built))
    }

    /// Gives a program the kit's settings.
    pub(crate) fn set(&self, program: Program) -> Program {
        self.variables()
            .fold(program, |program, (name, value)| program.env(name, value))
    }
}
