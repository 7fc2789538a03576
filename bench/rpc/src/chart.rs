//! The chart of the page: two panels of bars, drawn as SVG that suits light and dark pages.

use std::fmt::Write as _;

use report::{Figures, Spread};

use crate::measure::{P50, RATE};
use crate::systems::{SYSTEMS, System};

const WIDTH: f64 = 860.0;
const NAMES_WIDTH: f64 = 230.0;
const BARS_WIDTH: f64 = 500.0;
const ROW: f64 = 24.0;
const HEAD: f64 = 44.0;

/// One panel: what it shows, and where it stands in the figures.
struct Panel {
    title: &'static str,
    metric: &'static str,
    in_flight: usize,
    /// What one unit of the axis is, of the figures' unit.
    unit: f64,
}

const PANELS: [Panel; 2] = [
    Panel {
        title: "One call at a time: p50, µs (shorter is better)",
        metric: P50,
        in_flight: 1,
        unit: 1.0,
    },
    Panel {
        title: "64 calls in flight: thousands of calls per second (longer is better)",
        metric: RATE,
        in_flight: 64,
        unit: 1e3,
    },
];

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.title{font-weight:600}.note{fill:#59636e}\
.bar{fill:#8c959f}.ours{fill:#0969da}.spread{stroke:#1f2328;stroke-width:1.5}\
@media(prefers-color-scheme:dark){\
text{fill:#f0f6fc}.note{fill:#9198a1}.bar{fill:#656c76}.ours{fill:#4493f8}.spread{stroke:#f0f6fc}}";

/// 32 bytes, both processes on one core: the condition that repeats best.
pub(crate) fn svg(figures: &Figures) -> String {
    let mut body = String::new();
    let mut top = 12.0;
    for panel in &PANELS {
        top = draw(&mut body, figures, panel, top);
    }
    let _ = writeln!(
        body,
        r#"<text class="note" x="12" y="{:.0}">32 B each way, client and server on one core; lines span the rounds</text>"#,
        top + 14.0
    );
    let height = top + 28.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
         aria-label=\"p50 of a call and calls per second, by system\">\n<style>{STYLE}</style>\n{body}</svg>\n"
    )
}

/// Draws one panel and answers with where the next may begin.
fn draw(body: &mut String, figures: &Figures, panel: &Panel, top: f64) -> f64 {
    let mut rows = SYSTEMS
        .iter()
        .filter_map(|system| Some((system, spread(figures, panel, system)?)))
        .collect::<Vec<_>>();
    rows.sort_by(|(_, a), (_, b)| {
        let order = a.median.total_cmp(&b.median);
        if panel.metric == P50 {
            order
        } else {
            order.reverse()
        }
    });
    let most = rows.iter().map(|(_, one)| one.max).fold(0.0, f64::max);
    let long = |value: f64| value / most * BARS_WIDTH;
    let _ = writeln!(
        body,
        r#"<text class="title" x="12" y="{:.0}">{}</text>"#,
        top + 16.0,
        panel.title
    );
    let mut y = top + HEAD - 12.0;
    for (system, Spread { median, min, max }) in rows {
        let class = if system.name.starts_with("nearcall") {
            "ours"
        } else {
            "bar"
        };
        let (text, middle) = (y + 15.0, y + 10.0);
        let _ = writeln!(
            body,
            "<text x=\"{:.0}\" y=\"{text:.0}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{NAMES_WIDTH}\" y=\"{:.0}\" width=\"{:.1}\" height=\"16\" rx=\"2\"/>\
             <path class=\"spread\" d=\"M{:.1} {middle:.0}H{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{text:.0}\">{:.1}</text>",
            NAMES_WIDTH - 8.0,
            system.title,
            y + 2.0,
            long(median),
            NAMES_WIDTH + long(min),
            NAMES_WIDTH + long(max),
            NAMES_WIDTH + long(max) + 8.0,
            median
        );
        y += ROW;
    }
    y + 12.0
}

fn spread(figures: &Figures, panel: &Panel, system: &System) -> Option<Spread> {
    let values = figures.values(|figure| {
        figure.system == system.name
            && figure.condition == "same"
            && figure.metric == panel.metric
            && (figure.payload, figure.in_flight) == (32, panel.in_flight)
    })?;
    let Spread { median, min, max } = Spread::of(values);
    Some(Spread {
        median: median / panel.unit,
        min: min / panel.unit,
        max: max / panel.unit,
    })
}
