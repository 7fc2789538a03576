//! The chart of the page.

use driver::Condition;
use report::{Bar, Chart, Figures, Panel, Spread};

use crate::measure::{CPU, RATE};
use crate::systems::SYSTEMS;
use crate::tables::Spot;

/// 1080p to one reader, nothing pinned.
pub(crate) fn svg(figures: &Figures) -> String {
    let bars = |metric| {
        let systems = SYSTEMS.iter();
        let bars = systems.filter_map(|system| {
            let spot = Spot::picture(Condition::Def);
            Some(Bar {
                title: system.title,
                ours: system.is_ours(),
                spread: Spread::of(spot.values(figures, system.name, metric)?),
            })
        });
        bars.collect()
    };
    Chart {
        label: "1080p frames per second and CPU time for each, by system",
        note: "1080p RGBA, 8.3 MB, every byte written and read; nothing pinned; lines span the rounds",
        panels: vec![
            Panel {
                title: "Frames per second, one reader (longer is better)",
                shorter_is_better: false,
                bars: bars(RATE),
            },
            Panel {
                title: "CPU time of writer and reader for a frame, µs (shorter is better)",
                shorter_is_better: true,
                bars: bars(CPU),
            },
        ],
    }
    .svg()
}
