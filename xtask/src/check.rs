//! Named checks: each runs under a time limit, says how it went, and is counted.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::failures;
use crate::program::Program;
use crate::tally::{TALLY_FILE, Tally, add_to_file};

/// Lets git look at a checkout that belongs to another user than the one who runs the checks, as in a container: its
/// programs are run anyway.
pub(crate) const GIT_ANY_OWNER: [&str; 2] = ["-c", "safe.directory=*"];

/// Something that holds or does not.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// What it shows, in one line.
    pub(crate) about: &'static str,
    /// Programs that must be on this machine; without one of them the check is left out.
    pub(crate) needs: &'static [Tool],
    /// Limit: how long the check may take, what it builds included.
    pub(crate) limit: Duration,
    pub(crate) run: fn(&Session<'_>) -> anyhow::Result<Tally>,
}

/// A program that a check needs, and a call of it that succeeds where it is installed in full.
#[derive(Debug)]
pub(crate) struct Tool(pub(crate) &'static [&'static str]);

/// The run of one check.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    /// The folder of the workspace.
    pub(crate) root: &'a Path,
    name: &'static str,
    deadline: Instant,
}

/// What `--only` and `--list` ask for.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) only: Vec<String>,
    pub(crate) list: bool,
    /// Whether it is about Windows alone, where the task knows of that.
    pub(crate) windows: bool,
}

impl Session<'_> {
    /// `target`, where everything goes that a check writes.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// `target/outside`, for what is fetched and built for stock tools.
    pub(crate) fn outside(&self) -> anyhow::Result<PathBuf> {
        let folder = self.target().join("outside");
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A program run in the folder of the workspace, ended with the time limit of the check.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> anyhow::Result<Program> {
        let logs = self.target().join("xtask/logs");
        fs::create_dir_all(&logs)?;
        let log = tempfile::Builder::new()
            .prefix(&format!("{}-", self.name))
            .tempfile_in(&logs)?
            .into_temp_path()
            .keep()?;
        Ok(Program::new(program, self.root, log, self.deadline))
    }

    /// The cargo that runs this program, in the folder of the workspace; its progress is shown.
    pub(crate) fn cargo(&self) -> anyhow::Result<Program> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Ok(self.program(cargo)?.showing_progress())
    }
}

/// Runs the selected checks and answers with the counts of all.
pub(crate) fn run_all(
    checks: &[Check],
    selection: &Selection,
    root: &Path,
) -> anyhow::Result<Tally> {
    for name in &selection.only {
        if !checks.iter().any(|check| check.name == name) {
            let names: Vec<_> = checks.iter().map(|check| check.name).collect();
            bail!("no check is named `{name}`; there are {}", names.join(", "));
        }
    }
    let strict = is_ci();
    let mut sum = Tally::default();
    let mut lines = Vec::new();
    for check in checks {
        if selection.only.is_empty() || selection.only.iter().any(|name| name == check.name) {
            let started = Instant::now();
            let (verdict, tally) = check.verdict(root, strict);
            sum += tally;
            let seconds = started.elapsed().as_secs_f32();
            lines.push(format!("{verdict:<8}{:<22}{seconds:>8.1} s", check.name));
        }
    }
    println!();
    for line in lines {
        println!("{line}");
    }
    Ok(sum)
}

/// Whether this is a machine that decides: nothing may be left out there.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false")
}

/// Prints what checks there are.
pub(crate) fn list(checks: &[Check]) {
    for check in checks {
        let minutes = check.limit.as_secs().div_ceil(60);
        println!("{:<22}{} (at most {minutes} min)", check.name, check.about);
    }
}

/// Prints the counts as the last line; with a file of counts named, those of the whole run so far.
pub(crate) fn conclude(tally: Tally) -> anyhow::Result<bool> {
    let shown = match env::var_os(TALLY_FILE) {
        Some(path) => add_to_file(Path::new(&path), tally)?,
        None => tally,
    };
    failures::show()?;
    println!("{shown}");
    Ok(tally.failed == 0)
}

impl Check {
    fn verdict(&self, root: &Path, strict: bool) -> (&'static str, Tally) {
        println!("\n=== {}: {}", self.name, self.about);
        let missing: Vec<_> = self.needs.iter().filter_map(Tool::missing).collect();
        if !missing.is_empty() {
            println!("{} left out: {}", self.name, missing.join("; "));
            return if strict {
                println!("nothing may be left out under CI, so this is a failure");
                failures::note(self.name, &format!("left out: {}", missing.join("; ")));
                ("FAILED", Tally::FAILED)
            } else {
                ("skipped", Tally::SKIPPED)
            };
        }
        let session = Session {
            root,
            name: self.name,
            deadline: Instant::now() + self.limit,
        };
        let mut tally = (self.run)(&session).unwrap_or_else(|error| {
            println!("{} failed: {error:#}", self.name);
            failures::note(self.name, &format!("{error:#}"));
            Tally::FAILED
        });
        if strict && tally.skipped > 0 {
            println!("nothing may be left out under CI, so what was skipped is a failure");
            tally.failed += tally.skipped;
            tally.skipped = 0;
        }
        let verdict = match tally {
            Tally { failed: 1.., .. } => "FAILED",
            Tally {
                passed: 0,
                skipped: 1..,
                ..
            } => "skipped",
            _ => "ok",
        };
        (verdict, tally)
    }
}

impl Tool {
    /// Why the tool cannot be used, if it cannot.
    pub(crate) fn missing(&self) -> Option<String> {
        let (program, args) = self.0.split_first()?;
        let ended = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let shown = self.0.join(" ");
        match ended {
            Ok(status) if status.success() => None,
            Ok(status) => Some(format!("`{shown}` ended with {status}")),
            Err(error) => Some(format!("`{shown}` could not be started: {error}")),
        }
    }
}

/// The folder of the workspace.
pub(crate) fn workspace_root() -> anyhow::Result<PathBuf> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set: start this program as `cargo xtask`")?;
    let root = Path::new(&manifest)
        .parent()
        .context("the folder of xtask should lie in the folder of the workspace")?;
    Ok(root.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn check_named(name: &'static str, needs: &'static [Tool], run: Run) -> Check {
        Check {
            name,
            about: "a check of the checks",
            needs,
            limit: MINUTE,
            run,
        }
    }

    type Run = fn(&Session<'_>) -> anyhow::Result<Tally>;

    #[test]
    fn every_end_is_counted() {
        let check = |needs, run: Run, strict, expected| {
            let verdict = check_named("one", needs, run).verdict(Path::new("."), strict);
            assert_eq!(verdict, expected);
        };
        let passes: Run = |_| Ok(Tally::PASSED);
        let fails: Run = |_| bail!("it does not hold");
        let skips: Run = |_| Ok(Tally::SKIPPED);
        const ABSENT: &[Tool] = &[Tool(&["no-such-program", "--version"])];

        check(&[], passes, false, ("ok", Tally::PASSED));
        check(&[], fails, false, ("FAILED", Tally::FAILED));
        check(&[], skips, false, ("skipped", Tally::SKIPPED));
        check(&[], skips, true, ("FAILED", Tally::FAILED));
        check(ABSENT, passes, false, ("skipped", Tally::SKIPPED));
        check(ABSENT, passes, true, ("FAILED", Tally::FAILED));
    }

    #[test]
    fn only_the_named_checks_run() {
        let checks = [
            check_named("good", &[], |_| Ok(Tally::PASSED)),
            check_named("bad", &[], |_| Ok(Tally::FAILED)),
        ];
        let check = |only: &[&str], expected: Option<&str>| {
            let selection = Selection {
                only: only.iter().map(|&name| name.to_owned()).collect(),
                list: false,
                windows: false,
            };
            let tally = run_all(&checks, &selection, Path::new("."));
            assert_eq!(
                tally.ok().map(|tally| tally.to_string()).as_deref(),
                expected
            );
        };
        check(&["good"], Some("1 passed, 0 failed"));
        check(&["bad"], Some("0 passed, 1 failed"));
        check(&[], Some("1 passed, 1 failed"));
        check(&["ugly"], None);
    }
}
