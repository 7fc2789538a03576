//! The build step of `up`: one command per service, its output kept back unless it fails.

use std::collections::{BTreeSet, VecDeque};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anstyle::AnsiColor;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::output::{self, note, paint};
use crate::supervise::{Plan, Spec};

/// How many lines at the end of a failed build are shown.
const OUTPUT_LINES_MAX: usize = 200;

/// How many lines may wait to be read from the two pipes of a build.
const PIPE_LINES_MAX: usize = 64;

/// How often the progress moves while a build is silent.
const TICK: Duration = Duration::from_millis(100);

/// Builds every service of `plan` that says how, the same command once.
///
/// # Errors
/// The first build that fails, after its output was shown.
pub(crate) async fn build(plan: &Plan) -> anyhow::Result<()> {
    let mut done = BTreeSet::new();
    for spec in plan.specs() {
        let Some(command) = &spec.build else {
            continue;
        };
        if done.insert((&spec.dir, command)) {
            build_one(spec, command).await?;
        }
    }
    Ok(())
}

async fn build_one(spec: &Spec, words: &[String]) -> anyhow::Result<()> {
    let shown = words.join(" ");
    let start = Instant::now();
    let bar = ProgressBar::new_spinner();
    if bar.is_hidden() {
        note(format!("building {}: {shown}", spec.name));
    }
    if let Ok(style) = ProgressStyle::with_template(
        "{spinner:.cyan} building {prefix:.bold} {elapsed:.dim} {wide_msg:.dim}",
    ) {
        bar.set_style(style);
    }
    bar.set_prefix(spec.name.to_string());
    bar.enable_steady_tick(TICK);
    let outcome = run(spec, words, &bar).await;
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    let reason = match outcome {
        Ok(Built::Yes) => {
            let done = paint(AnsiColor::Green, "built");
            note(format!("{done} {} in {seconds:.1} s", spec.name));
            return Ok(());
        }
        Ok(Built::No { reason, output }) => {
            for line in output {
                note(format!("  {line}"));
            }
            reason
        }
        Err(error) => format!("it cannot be run: {error}"),
    };
    Err(output::failure(
        format!("the build of {} failed: {reason}", spec.name),
        format!("run it yourself in {}: {shown}", spec.dir.display()),
    ))
}

enum Built {
    Yes,
    No {
        reason: String,
        output: VecDeque<String>,
    },
}

async fn run(spec: &Spec, words: &[String], bar: &ProgressBar) -> std::io::Result<Built> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| std::io::Error::other("`build` is empty"))?;
    // In this process's own group, so that Ctrl-C on the terminal ends the build as well.
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(&spec.dir)
        .envs(&spec.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let (lines, mut incoming) = mpsc::channel(PIPE_LINES_MAX);
    if let Some(pipe) = child.stdout.take() {
        tokio::spawn(read_lines(pipe, lines.clone()));
    }
    if let Some(pipe) = child.stderr.take() {
        tokio::spawn(read_lines(pipe, lines.clone()));
    }
    drop(lines);
    let mut output = VecDeque::new();
    while let Some(line) = incoming.recv().await {
        bar.set_message(line.trim().to_owned());
        if output.len() == OUTPUT_LINES_MAX {
            output.pop_front();
        }
        output.push_back(line);
    }
    let status = child.wait().await?;
    Ok(if status.success() {
        Built::Yes
    } else {
        Built::No {
            reason: status.to_string(),
            output,
        }
    })
}

async fn read_lines(pipe: impl AsyncRead + Unpin, lines: mpsc::Sender<String>) {
    let mut pipe = BufReader::new(pipe).split(b'\n');
    while let Ok(Some(line)) = pipe.next_segment().await {
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if lines.send(line).await.is_err() {
            break;
        }
    }
}
