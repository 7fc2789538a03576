//! Rounds: in each, every load, and under each load every system in turn, beginning with another one each time.

use std::path::Path;

use anyhow::Context as _;
use driver::{Awake, Condition};
use report::{Figure, Figures};

use crate::args::Plan;
use crate::build::Built;
use crate::load::{Load, Part};
use crate::run::{Run, run};
use crate::systems::Shape;

/// What `report::Figure::count` counts.
pub(crate) const READERS: &str = "readers";

pub(crate) const RATE: &str = "frames per second";
pub(crate) const P50: &str = "publish to last byte read p50";
pub(crate) const P99: &str = "publish to last byte read p99";
pub(crate) const CPU: &str = "CPU per frame";
pub(crate) const WRITER_CPU: &str = "writer CPU per frame";
pub(crate) const READER_CPU: &str = "reader CPU per frame";
pub(crate) const HANDLES_RATE: &str = "frames per second, handles only";
pub(crate) const HANDLES_WRITER_CPU: &str = "writer CPU per frame, handles only";
pub(crate) const HANDLES_READER_CPU: &str = "reader CPU per frame, handles only";
pub(crate) const SPIN_P50: &str = "publish to last byte read p50, beside a process that spins";
pub(crate) const SPIN_P99: &str = "publish to last byte read p99, beside a process that spins";
pub(crate) const EVIL_P50: &str = "publish to last byte read p50, beside an evil reader";
pub(crate) const EVIL_P99: &str = "publish to last byte read p99, beside an evil reader";

/// Where sockets and memory go: tmpfs, so that no disk has a part in it.
const FOLDER: &str = "/dev/shm";

pub(crate) fn measure(plan: &Plan, peers: &[Built]) -> anyhow::Result<Figures> {
    let folder = Path::new(FOLDER).join(format!("nearcall-frames-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut figures = Figures::default();
    let done = all(plan, peers, &folder, &mut figures);
    std::fs::remove_dir_all(&folder)?;
    done.map(|()| figures)
}

fn all(plan: &Plan, peers: &[Built], folder: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    for condition in &plan.conditions {
        // Held while the condition is measured.
        let awake = (*condition == Condition::Split).then(Awake::hold);
        if let Some(None) = awake {
            println!("idle cores may sleep in `split`: /dev/cpu_dma_latency cannot be opened");
        }
        for number in 0..plan.rounds {
            println!(
                "{}, round {} of {}",
                condition.name(),
                number + 1,
                plan.rounds
            );
            round(plan, peers, *condition, number, folder, figures)?;
        }
    }
    Ok(())
}

fn round(
    plan: &Plan,
    peers: &[Built],
    condition: Condition,
    number: usize,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    for load in Load::all(condition, plan.smoke) {
        let suited = peers.iter().filter(|built| load.suits(built.system));
        let suited = suited.collect::<Vec<_>>();
        for turn in 0..suited.len() {
            let built = suited[(number + turn) % suited.len()];
            let place = folder.join(built.system.name);
            let ran = run(built, condition, load, plan.time(load), &place);
            let _ = std::fs::remove_file(&place);
            let _ = std::fs::remove_file(place.with_extension("frames"));
            let ran = ran.with_context(|| {
                format!("{}, {}, {load:?}", built.system.name, condition.name())
            })?;
            for (metric, unit, value) in metrics(built, load, &ran) {
                figures.record(
                    Figure {
                        system: built.system.name,
                        condition: condition.name(),
                        payload: load.payload,
                        count: (READERS, load.readers),
                        metric,
                        unit,
                    },
                    value,
                );
            }
        }
    }
    Ok(())
}

fn metrics(built: &Built, load: Load, run: &Run) -> Vec<(&'static str, &'static str, f64)> {
    let each = |cpu: std::time::Duration| cpu.as_secs_f64() * 1e6 / run.frames;
    let (writer, reader) = (each(run.writer_cpu), each(run.reader_cpu));
    match load.part {
        Part::Flow => {
            let mut all = vec![(RATE, "1/s", run.per_second), (CPU, "us", writer + reader)];
            if built.system.shape != Shape::Alone {
                all.extend([(WRITER_CPU, "us", writer), (READER_CPU, "us", reader)]);
            }
            all
        }
        Part::Handles => vec![
            (HANDLES_RATE, "1/s", run.per_second),
            (HANDLES_WRITER_CPU, "us", writer),
            (HANDLES_READER_CPU, "us", reader),
        ],
        Part::Paced => vec![(P50, "us", run.p50_us), (P99, "us", run.p99_us)],
        Part::PacedBesideSpin => vec![(SPIN_P50, "us", run.p50_us), (SPIN_P99, "us", run.p99_us)],
        Part::PacedBesideEvil => vec![(EVIL_P50, "us", run.p50_us), (EVIL_P99, "us", run.p99_us)],
    }
}

/// How many figures a plan comes to.
pub(crate) fn expected(plan: &Plan, peers: &[Built]) -> usize {
    let mut count = 0;
    for condition in &plan.conditions {
        for load in Load::all(*condition, plan.smoke) {
            let suited = peers.iter().filter(|built| load.suits(built.system));
            count += suited
                .map(|built| match (load.part, built.system.shape) {
                    (Part::Flow, Shape::Alone) => 2,
                    (Part::Flow, _) => 4,
                    (Part::Handles, _) => 3,
                    _ => 2,
                })
                .sum::<usize>();
        }
    }
    count
}
