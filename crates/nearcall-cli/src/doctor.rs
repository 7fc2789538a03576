//! `nearcall doctor`: the checks that nobody makes until an hour is lost.

mod environment;
mod folders;
mod servers;
mod toolchains;

use std::process::ExitCode;

use anstyle::AnsiColor;
use clap::Args;
use serde::Serialize;

use crate::names::World;
use crate::output::{self, paint};
use crate::world;

/// Check this machine for what keeps services from being found, started and called.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: 0 when nothing fails, 1 when a check fails; warnings do not count.

Examples:
  nearcall doctor
  nearcall doctor --json | jq '.[] | select(.verdict != \"ok\")'")]
pub(crate) struct DoctorArgs {
    /// A JSON array of objects: check, verdict (ok, warn, fail), found, advice
    #[arg(long)]
    json: bool,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// What one check found.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    check: String,
    verdict: Verdict,
    found: String,
    advice: Option<String>,
}

impl Finding {
    fn ok(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict: Verdict::Ok,
            found: found.into(),
            advice: None,
        }
    }

    fn warn(check: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Warn,
            advice: Some(advice.into()),
            ..Self::ok(check, found)
        }
    }

    fn fail(check: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail,
            ..Self::warn(check, found, advice)
        }
    }
}

pub(crate) async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut findings = Vec::new();
    let world = match world::world() {
        Ok(world) => {
            findings.push(environment::world(&world));
            world
        }
        Err(error) => {
            findings.push(Finding::fail(
                "world",
                format!("{error:#}"),
                "set NEARCALL_WORLD to a name such as `arena`, or unset it",
            ));
            World::default()
        }
    };
    findings.extend(environment::addresses());
    findings.extend(environment::open_files());
    findings.extend(environment::memory());
    findings.extend(folders::check(&world));
    findings.extend(servers::check(&world).await);
    findings.extend(toolchains::check().await);

    if args.json {
        output::json(&findings)?;
    } else {
        print(&findings)?;
    }
    let failed = findings
        .iter()
        .any(|finding| finding.verdict == Verdict::Fail);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn print(findings: &[Finding]) -> anyhow::Result<()> {
    let width = findings
        .iter()
        .map(|finding| finding.check.len())
        .max()
        .unwrap_or_default();
    for Finding {
        check,
        verdict,
        found,
        advice,
    } in findings
    {
        let verdict = match verdict {
            Verdict::Ok => paint(AnsiColor::Green, "ok  "),
            Verdict::Warn => paint(AnsiColor::Yellow, "warn"),
            Verdict::Fail => paint(AnsiColor::Red, "fail"),
        };
        output::line(format_args!("{verdict}  {check:<width$}  {found}"))?;
        if let Some(advice) = advice {
            output::line(format_args!(
                "      {:<width$}  {} {advice}",
                "",
                paint(AnsiColor::Cyan, "try:")
            ))?;
        }
    }
    let count = |wanted| {
        findings
            .iter()
            .filter(|finding| finding.verdict == wanted)
            .count()
    };
    output::line(format_args!(
        "{} checks: {} ok, {} warn, {} fail",
        findings.len(),
        count(Verdict::Ok),
        count(Verdict::Warn),
        count(Verdict::Fail)
    ))?;
    Ok(())
}
