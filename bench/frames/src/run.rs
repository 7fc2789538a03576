//! One run: a writer, its readers, and what the kernel says they cost.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use driver::{Condition, End, Process};
use serde::Deserialize;

use crate::build::Built;
use crate::load::{Load, Part};
use crate::systems::Shape;

/// How long readers have to come to rest after the warm-up.
const REST: Duration = Duration::from_millis(10);

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    /// Frames that counted.
    pub(crate) frames: f64,
    pub(crate) per_second: f64,
    /// From publishing to the last byte read; that of the slowest of the readers.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// CPU time during the lap that counts: of the writer, and of all readers together.
    pub(crate) writer_cpu: Duration,
    pub(crate) reader_cpu: Duration,
}

/// What a reader prints.
#[derive(Debug, Deserialize)]
struct Said {
    frames: u64,
    first_ns: u64,
    last_ns: u64,
    p50_us: f64,
    p99_us: f64,
}

/// The processes of a run.
struct Started {
    writer: Process,
    /// None where the writer reads too.
    readers: Vec<Process>,
    /// One that is there too.
    _stranger: Option<Process>,
}

/// Runs a system under a load, with processes of its own; `place` is a path that nobody else uses.
pub(crate) fn run(
    built: &Built,
    condition: Condition,
    load: Load,
    time: Duration,
    place: &Path,
) -> anyhow::Result<Run> {
    let mut started = start(built, condition, load, time, place)?;
    started.writer.go_on()?;
    // What a lap takes depends on how slow a frame is, not only on the time it was given.
    started.writer.expect("ready", time)?;
    sleep(REST);
    let before = started.cpu()?;
    started.writer.go_on()?;
    started.writer.expect("done", time)?;
    for reader in &started.readers {
        reader.expect("done", time)?;
    }
    let after = started.cpu()?;
    started.writer.go_on()?;
    let mut said = Vec::new();
    if started.readers.is_empty() {
        started.writer.expect("done", time)?;
        started.writer.go_on()?;
        said.push(heard(&started.writer)?);
    }
    for reader in &mut started.readers {
        reader.go_on()?;
        said.push(heard(reader)?);
    }
    let Started {
        writer, readers, ..
    } = started;
    for process in readers.into_iter().chain([writer]) {
        process.finish()?;
    }
    let [writer_cpu, reader_cpu] = [0, 1].map(|end| after[end].saturating_sub(before[end]));
    whole(&said, writer_cpu, reader_cpu)
}

fn start(
    built: &Built,
    condition: Condition,
    load: Load,
    time: Duration,
    place: &Path,
) -> anyhow::Result<Started> {
    let command = |role: &str, variant: &str| {
        let mut command = Command::new(&built.program.path);
        command
            .arg(role)
            .arg(place)
            .args(["--variant", variant])
            .args(["--payload", &load.payload.to_string()])
            .args(["--readers", &load.readers.max(1).to_string()]);
        if role != "reader" {
            command.args(["--seconds", &time.as_secs_f64().to_string()]);
            command.args(["--pace-us", &load.pace().as_micros().to_string()]);
        } else if load.part == Part::Handles {
            command.arg("--handles");
        }
        command
    };
    let variant = built.system.variant;
    let alone = built.system.shape == Shape::Alone;
    let role = if alone { "alone" } else { "writer" };
    let mut writer = command(role, variant);
    if load.stranger().is_some() {
        // It has to be let in.
        writer.args(["--readers", &(load.readers + 1).to_string()]);
    }
    let writer = condition.placed(End::Server, || Process::start(&mut writer))?;
    writer.expect("listening", Duration::ZERO)?;
    let reader = |variant: &str| {
        let mut reader = command("reader", variant);
        let reader = condition.placed(End::Client, || Process::start(&mut reader))?;
        reader.expect("ready", Duration::ZERO)?;
        anyhow::Ok(reader)
    };
    let count = if alone { 0 } else { load.readers };
    let readers = (0..count).map(|_| reader(variant));
    let readers = readers.collect::<anyhow::Result<Vec<_>>>()?;
    let stranger = load.stranger().map(reader).transpose()?;
    Ok(Started {
        writer,
        readers,
        _stranger: stranger,
    })
}

impl Started {
    /// Of the writer, and of all readers.
    fn cpu(&self) -> anyhow::Result<[Duration; 2]> {
        let mut readers = Duration::ZERO;
        for reader in &self.readers {
            readers += reader.cpu()?;
        }
        Ok([self.writer.cpu()?, readers])
    }
}

fn heard(reader: &Process) -> anyhow::Result<Said> {
    let line = reader.line(Duration::ZERO)?;
    serde_json::from_str(&line).with_context(|| format!("got `{line}`"))
}

fn whole(said: &[Said], writer_cpu: Duration, reader_cpu: Duration) -> anyhow::Result<Run> {
    let frames = said.first().context("nobody has read")?.frames;
    ensure!(
        frames >= 2 && said.iter().all(|one| one.frames == frames),
        "readers took different frames: {said:?}"
    );
    let most = |of: fn(&Said) -> f64| said.iter().map(of).fold(0.0, f64::max);
    let first = said.iter().map(|one| one.first_ns).min().unwrap_or(0);
    let last = said.iter().map(|one| one.last_ns).max().unwrap_or(0);
    let seconds = Duration::from_nanos(last.saturating_sub(first)).as_secs_f64();
    Ok(Run {
        frames: frames as f64,
        // The first one began the time.
        per_second: (frames - 1) as f64 / seconds,
        p50_us: most(|one| one.p50_us),
        p99_us: most(|one| one.p99_us),
        writer_cpu,
        reader_cpu,
    })
}
