//! What came out, to read: on the terminal, and for the page.

use std::fmt::Write as _;

use driver::Condition;
use report::{Figures, Spread, number, ratios};

use crate::args::Plan;
use crate::build::Peers;
use crate::goals;
use crate::load::{BESIDE, PICTURE, SIZES, SMALL};
use crate::measure::{
    CPU, EVIL_P50, EVIL_P99, HANDLES_RATE, HANDLES_READER_CPU, HANDLES_WRITER_CPU, P50, P99, RATE,
    READER_CPU, READERS, SPIN_P50, SPIN_P99, WRITER_CPU,
};
use crate::systems::{ALONE, LOAN, SYSTEMS, System, TONIC};

/// One place in the figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    pub(crate) condition: Condition,
    pub(crate) payload: usize,
    pub(crate) readers: usize,
}

impl Spot {
    /// A picture to one reader.
    pub(crate) const fn picture(condition: Condition) -> Self {
        Self {
            condition,
            payload: PICTURE,
            readers: 1,
        }
    }

    pub(crate) fn values<'a>(
        self,
        figures: &'a Figures,
        system: &str,
        metric: &str,
    ) -> Option<&'a [f64]> {
        figures.values(|figure| {
            figure.system == system
                && figure.metric == metric
                && figure.condition == self.condition.name()
                && (figure.payload, figure.count) == (self.payload, (READERS, self.readers))
        })
    }

    /// With the least and the greatest.
    fn wide(self, figures: &Figures, system: &System, metric: &str) -> String {
        let values = self.values(figures, system.name, metric);
        values.map_or(String::new(), |values| {
            let Spread { median, min, max } = Spread::of(values);
            let [median, min, max] = [median, min, max].map(number);
            format!("{median} ({min}–{max})")
        })
    }

    fn brief(self, figures: &Figures, system: &System, metric: &str) -> String {
        let values = self.values(figures, system.name, metric);
        values.map_or(String::new(), |values| number(Spread::of(values).median))
    }
}

/// Every figure that was recorded.
pub(crate) fn text(figures: &Figures) -> String {
    let mut text = String::from("median (least - greatest)\n");
    for (figure, values) in figures.rows() {
        let Spread { median, min, max } = Spread::of(values);
        let _ = writeln!(
            text,
            "{:<5} {:>9} B {:>2} readers  {:<16} {:<58} {:>10.1} ({:.1} - {:.1}) {}",
            figure.condition,
            figure.payload,
            figure.count.1,
            figure.system,
            figure.metric,
            median,
            min,
            max,
            figure.unit
        );
    }
    text
}

/// The section of the page.
pub(crate) fn markdown(figures: &Figures, plan: &Plan, built: &Peers, busy: &str) -> String {
    let mut text = format!(
        "Measured on {}, {busy}. {} rounds of {} ms each as fast as frames go, and of {} ms at a pace, after a warm-up; each \
         round goes through the systems in turn, beginning with another one. Medians; in brackets the least and the greatest \
         round.\n\n![1080p frames per second and CPU time for each, by system](benchmarks-frames.svg)\n",
        report::machine(),
        plan.rounds,
        plan.flow.as_millis(),
        plan.paced.as_millis(),
    );
    text += "\n### What was to come out\n\n";
    text += &goals::markdown(figures);
    for condition in plan.conditions.iter().copied() {
        let _ = writeln!(
            text,
            "\n### 1080p RGBA, {}: {}\n",
            condition.name(),
            condition.about()
        );
        pictures(&mut text, figures, condition);
    }
    text += "\n### Other sizes, def\n\nFrames per second, and CPU µs for each on both sides:\n\n";
    sizes(&mut text, figures);
    text += "\n### Several readers of 1080p, def\n\nEach reads every byte of every frame:\n\n";
    several(&mut text, figures, [RATE, WRITER_CPU, READER_CPU]);
    text += "\nEach takes every frame, and looks at its first bytes alone:\n\n";
    let handles = [HANDLES_RATE, HANDLES_WRITER_CPU, HANDLES_READER_CPU];
    several(&mut text, figures, handles);
    let _ = write!(
        text,
        "\n### A frame of {SMALL} B, a thousand in a second\n\nFrom publishing to the last byte read, µs; the reader sleeps \
         in between, on the same runtime:\n\n"
    );
    small(&mut text, figures, plan);
    let _ = write!(
        text,
        "\n### Beside a reader that means harm, def\n\nFrames of {} KiB, a thousand in a second, to one honest reader; from \
         publishing to the last byte read, µs. The evil one rewrites its pins and floods its doorbell without a pause, and \
         so has a processor to itself; what it costs beyond that is the difference to a process that only spins.\n\n",
        BESIDE >> 10
    );
    beside(&mut text, figures);
    text += "\n### What was compared\n\n| system | made of |\n|---|---|\n";
    for peer in &built.peers {
        let version = match &*peer.program.version {
            "" => "the standard library and Linux",
            version => version,
        };
        let _ = writeln!(text, "| {} | {version} |", peer.system.title);
    }
    for (system, reason) in &built.left_out {
        let _ = writeln!(text, "| {} | left out: {reason} |", system.title);
    }
    text
}

fn pictures(text: &mut String, figures: &Figures, condition: Condition) {
    *text += "| | frames/s | GB/s | CPU µs a frame, both | writer | reader | at 60/s: p50 µs | p99 | × tonic |\n";
    *text += "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    let spot = Spot::picture(condition);
    let tonic = spot.values(figures, TONIC, RATE);
    for system in SYSTEMS {
        let Some(rate) = spot.values(figures, system.name, RATE) else {
            continue;
        };
        let times = tonic.map_or(String::new(), |tonic| {
            format!("{:.2}", ratios(rate, tonic).median)
        });
        let bytes = Spread::of(rate).median * PICTURE as f64 / 1e9;
        let cell = |metric| spot.brief(figures, system, metric);
        let _ = writeln!(
            text,
            "| {} | {} | {bytes:.1} | {} | {} | {} | {} | {} | {times} |",
            system.title,
            spot.wide(figures, system, RATE),
            spot.wide(figures, system, CPU),
            cell(WRITER_CPU),
            cell(READER_CPU),
            spot.wide(figures, system, P50),
            cell(P99),
        );
    }
}

fn sizes(text: &mut String, figures: &Figures) {
    *text += "| |";
    for size in SIZES {
        let _ = write!(text, " {} | CPU |", named(*size));
    }
    *text += "\n|---|";
    *text += &"--:|--:|".repeat(SIZES.len());
    text.push('\n');
    let spot = |payload| Spot {
        payload,
        ..Spot::picture(Condition::Def)
    };
    for system in SYSTEMS {
        if spot(SIZES[0]).values(figures, system.name, RATE).is_none() {
            continue;
        }
        let _ = write!(text, "| {} |", system.title);
        for size in SIZES {
            let [rate, cpu] = [
                spot(*size).wide(figures, system, RATE),
                spot(*size).brief(figures, system, CPU),
            ];
            let _ = write!(text, " {rate} | {cpu} |");
        }
        text.push('\n');
    }
}

fn several(text: &mut String, figures: &Figures, [rate, writer, reader]: [&str; 3]) {
    *text += "| | readers | frames/s | writer CPU µs a frame | readers CPU µs a frame, all |\n";
    *text += "|---|--:|--:|--:|--:|\n";
    for system in SYSTEMS.iter().filter(|system| system.name != ALONE) {
        for readers in [1, 4, 16] {
            let spot = Spot {
                readers,
                ..Spot::picture(Condition::Def)
            };
            let others = Spot {
                readers: 16,
                ..spot
            };
            if spot.values(figures, system.name, rate).is_none()
                || others.values(figures, system.name, rate).is_none()
            {
                continue;
            }
            let _ = writeln!(
                text,
                "| {} | {readers} | {} | {} | {} |",
                system.title,
                spot.wide(figures, system, rate),
                spot.wide(figures, system, writer),
                spot.wide(figures, system, reader),
            );
        }
    }
}

fn small(text: &mut String, figures: &Figures, plan: &Plan) {
    *text += "| |";
    for condition in &plan.conditions {
        let _ = write!(text, " {} p50 | p99 |", condition.name());
    }
    *text += "\n|---|";
    *text += &"--:|--:|".repeat(plan.conditions.len());
    text.push('\n');
    for system in SYSTEMS {
        let spot = |condition| Spot {
            payload: SMALL,
            ..Spot::picture(condition)
        };
        let condition = plan.conditions.first().copied();
        if condition.is_none_or(|one| spot(one).values(figures, system.name, P50).is_none()) {
            continue;
        }
        let _ = write!(text, "| {} |", system.title);
        for condition in plan.conditions.iter().copied() {
            let _ = write!(
                text,
                " {} | {} |",
                spot(condition).wide(figures, system, P50),
                spot(condition).brief(figures, system, P99)
            );
        }
        text.push('\n');
    }
}

fn beside(text: &mut String, figures: &Figures) {
    *text += "| beside | p50 | p99 |\n|---|--:|--:|\n";
    let spot = Spot {
        payload: BESIDE,
        ..Spot::picture(Condition::Def)
    };
    let loan = SYSTEMS.iter().find(|system| system.name == LOAN);
    for (title, p50, p99) in [
        ("nobody", P50, P99),
        ("a process that spins", SPIN_P50, SPIN_P99),
        ("an evil reader", EVIL_P50, EVIL_P99),
    ] {
        let cell = |metric| loan.map_or(String::new(), |loan| spot.wide(figures, loan, metric));
        let _ = writeln!(text, "| {title} | {} | {} |", cell(p50), cell(p99));
    }
}

fn named(bytes: usize) -> String {
    if bytes < 1 << 20 {
        format!("{} KiB", bytes >> 10)
    } else {
        format!("{} MiB", bytes >> 20)
    }
}
