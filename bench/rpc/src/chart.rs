//! The chart of the page.

use report::{Bar, Chart, Figures, Panel, Spread};

use crate::measure::{IN_FLIGHT, P50, RATE};
use crate::systems::{SYSTEMS, System};

/// 32 bytes, both processes on one core: the condition that repeats best.
pub(crate) fn svg(figures: &Figures) -> String {
    let bars = |metric, in_flight, unit| {
        let systems = SYSTEMS.iter();
        let bars = systems.filter_map(|system| {
            Some(Bar {
                title: system.title,
                ours: system.name.starts_with("nearcall"),
                spread: spread(figures, system, metric, in_flight, unit)?,
            })
        });
        bars.collect()
    };
    Chart {
        label: "p50 of a call and calls per second, by system",
        note: "32 B each way, client and server on one core; lines span the rounds",
        panels: vec![
            Panel {
                title: "One call at a time: p50, µs (shorter is better)",
                shorter_is_better: true,
                bars: bars(P50, 1, 1.0),
            },
            Panel {
                title: "64 calls in flight: thousands of calls per second (longer is better)",
                shorter_is_better: false,
                bars: bars(RATE, 64, 1e3),
            },
        ],
    }
    .svg()
}

/// In so many of the figures' unit.
fn spread(
    figures: &Figures,
    system: &System,
    metric: &str,
    in_flight: usize,
    unit: f64,
) -> Option<Spread> {
    let values = figures.values(|figure| {
        figure.system == system.name
            && figure.condition == "same"
            && figure.metric == metric
            && (figure.payload, figure.count) == (32, (IN_FLIGHT, in_flight))
    })?;
    let Spread { median, min, max } = Spread::of(values);
    Some(Spread {
        median: median / unit,
        min: min / unit,
        max: max / unit,
    })
}
