//! What was to come out, and what did: ratios within the rounds of one run.

use std::fmt::Write as _;

use driver::Condition;
use report::{Figures, Spread, ratios};

use crate::load::{BESIDE, SMALL};
use crate::measure::{CPU, EVIL_P99, HANDLES_WRITER_CPU, P50, P99, RATE, SPIN_P99};
use crate::systems::{GO, ICEORYX2, INLINE, LOAN, RAW_ASYNC, RING, TONIC, TONIC_TUNED};
use crate::tables::Spot;

/// One goal: a figure over another.
struct Goal {
    about: &'static str,
    ours: Place,
    over: Place,
    bound: Bound,
}

/// A figure.
struct Place {
    system: &'static str,
    metric: &'static str,
    spot: Spot,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// What counts as no worse: two medians of the same thing differ by as much.
const EVEN: f64 = 0.05;

const fn at(system: &'static str, metric: &'static str, spot: Spot) -> Place {
    Place {
        system,
        metric,
        spot,
    }
}

const fn goal(about: &'static str, ours: Place, over: Place, bound: Bound) -> Goal {
    Goal {
        about,
        ours,
        over,
        bound,
    }
}

const PICTURE: Spot = Spot::picture(Condition::Def);
const PICTURE_TO_16: Spot = Spot {
    readers: 16,
    ..PICTURE
};
const SMALL_SAME: Spot = Spot {
    payload: SMALL,
    ..Spot::picture(Condition::Same)
};
const BESIDE_ONE: Spot = Spot {
    payload: BESIDE,
    ..PICTURE
};

const GOALS: &[Goal] = &[
    goal(
        "1080p by loan, frames/s beside a bare ring",
        at(LOAN, RATE, PICTURE),
        at(RING, RATE, PICTURE),
        Bound::AtLeast(0.95),
    ),
    goal(
        "1080p by loan, frames/s beside iceoryx2: no worse",
        at(LOAN, RATE, PICTURE),
        at(ICEORYX2, RATE, PICTURE),
        Bound::AtLeast(1.0 - EVEN),
    ),
    goal(
        "1080p by loan, p99 beside iceoryx2: no worse",
        at(LOAN, P99, PICTURE),
        at(ICEORYX2, P99, PICTURE),
        Bound::AtMost(1.0 + EVEN),
    ),
    goal(
        "1080p by loan, frames/s beside a tonic stream",
        at(LOAN, RATE, PICTURE),
        at(TONIC, RATE, PICTURE),
        Bound::AtLeast(10.0),
    ),
    goal(
        "1080p by loan, frames/s beside a tuned tonic stream",
        at(LOAN, RATE, PICTURE),
        at(TONIC_TUNED, RATE, PICTURE),
        Bound::AtLeast(8.0),
    ),
    goal(
        "1080p by loan, CPU a frame beside a tonic stream",
        at(LOAN, CPU, PICTURE),
        at(TONIC, CPU, PICTURE),
        Bound::AtMost(0.12),
    ),
    goal(
        "1080p by loan, frames/s beside Go gob",
        at(LOAN, RATE, PICTURE),
        at(GO, RATE, PICTURE),
        Bound::AtLeast(15.0),
    ),
    goal(
        "1080p inline, frames/s beside a tonic stream",
        at(INLINE, RATE, PICTURE),
        at(TONIC, RATE, PICTURE),
        Bound::AtLeast(1.5),
    ),
    goal(
        "16 readers that take handles, writer's CPU a frame beside 1",
        at(LOAN, HANDLES_WRITER_CPU, PICTURE_TO_16),
        at(LOAN, HANDLES_WRITER_CPU, PICTURE),
        Bound::AtMost(1.2),
    ),
    goal(
        "64 B to a sleeping reader, *same*, p50 beside a Unix socket",
        at(LOAN, P50, SMALL_SAME),
        at(RAW_ASYNC, P50, SMALL_SAME),
        Bound::AtMost(1.5),
    ),
    goal(
        "p99 of a reader beside an evil one, to beside one that spins",
        at(LOAN, EVIL_P99, BESIDE_ONE),
        at(LOAN, SPIN_P99, BESIDE_ONE),
        Bound::AtMost(2.0),
    ),
];

impl Goal {
    fn ratio(&self, figures: &Figures) -> Option<Spread> {
        let [ours, over] = [&self.ours, &self.over]
            .map(|place| place.spot.values(figures, place.system, place.metric));
        Some(ratios(ours?, over?))
    }
}

impl Bound {
    fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(bound) => ratio >= bound,
            Self::AtMost(bound) => ratio <= bound,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtLeast(bound) => format!("≥ {bound}"),
            Self::AtMost(bound) => format!("≤ {bound}"),
        }
    }
}

/// The goals that both sides of were measured.
pub(crate) fn text(figures: &Figures) -> String {
    let mut text = String::new();
    for goal in GOALS {
        if let Some(ratio) = goal.ratio(figures) {
            let holds = if goal.bound.holds(ratio.median) {
                "reached"
            } else {
                "MISSED"
            };
            let _ = writeln!(
                text,
                "{holds:<8}{:<64} {:>7} got {:.3} ({:.3} - {:.3})",
                goal.about,
                goal.bound.words(),
                ratio.median,
                ratio.min,
                ratio.max
            );
        }
    }
    text
}

pub(crate) fn markdown(figures: &Figures) -> String {
    let mut text = String::from(
        "| ratio, in *def* where nothing else is said | goal | came out | |\n|---|--:|--:|---|\n",
    );
    for goal in GOALS {
        let (came, holds) = match goal.ratio(figures) {
            Some(ratio) => (
                format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.min, ratio.max),
                if goal.bound.holds(ratio.median) {
                    "reached"
                } else {
                    "missed"
                },
            ),
            None => (String::new(), "not measured"),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {came} | {holds} |",
            goal.about,
            goal.bound.words()
        );
    }
    text
}
