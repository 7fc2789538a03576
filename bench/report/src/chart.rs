//! Panels of bars, drawn as SVG that suits light and dark pages.

use std::fmt::Write as _;

use crate::Spread;

const WIDTH: f64 = 860.0;
const NAMES_WIDTH: f64 = 230.0;
const BARS_WIDTH: f64 = 500.0;
const ROW: f64 = 24.0;
const HEAD: f64 = 44.0;

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.title{font-weight:600}.note{fill:#59636e}\
.bar{fill:#8c959f}.ours{fill:#0969da}.spread{stroke:#1f2328;stroke-width:1.5}\
@media(prefers-color-scheme:dark){\
text{fill:#f0f6fc}.note{fill:#9198a1}.bar{fill:#656c76}.ours{fill:#4493f8}.spread{stroke:#f0f6fc}}";

/// A picture.
#[derive(Debug)]
pub struct Chart<'a> {
    /// What it shows, for those who do not see it.
    pub label: &'a str,
    /// Under what it was measured.
    pub note: &'a str,
    pub panels: Vec<Panel<'a>>,
}

/// One panel, the best bar first.
#[derive(Debug)]
pub struct Panel<'a> {
    pub title: &'a str,
    pub shorter_is_better: bool,
    pub bars: Vec<Bar>,
}

/// One system.
#[derive(Debug)]
pub struct Bar {
    pub title: &'static str,
    pub ours: bool,
    /// In the unit of the axis.
    pub spread: Spread,
}

impl Chart<'_> {
    /// The picture as the text of a file.
    #[must_use]
    pub fn svg(self) -> String {
        let mut body = String::new();
        let mut top = 12.0;
        for panel in self.panels {
            top = panel.draw(&mut body, top);
        }
        let _ = writeln!(
            body,
            r#"<text class="note" x="12" y="{:.0}">{}</text>"#,
            top + 14.0,
            self.note
        );
        let height = top + 28.0;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
             aria-label=\"{}\">\n<style>{STYLE}</style>\n{body}</svg>\n",
            self.label
        )
    }
}

impl Panel<'_> {
    /// Draws it and answers with where the next may begin.
    fn draw(mut self, body: &mut String, top: f64) -> f64 {
        self.bars.sort_by(|a, b| {
            let order = a.spread.median.total_cmp(&b.spread.median);
            if self.shorter_is_better {
                order
            } else {
                order.reverse()
            }
        });
        let most = self.bars.iter().map(|bar| bar.spread.max);
        let most = most.fold(0.0, f64::max);
        let long = |value: f64| value / most * BARS_WIDTH;
        let _ = writeln!(
            body,
            r#"<text class="title" x="12" y="{:.0}">{}</text>"#,
            top + 16.0,
            self.title
        );
        let mut y = top + HEAD - 12.0;
        for Bar {
            title,
            ours,
            spread: Spread { median, min, max },
        } in self.bars
        {
            let class = if ours { "ours" } else { "bar" };
            let (text, middle) = (y + 15.0, y + 10.0);
            let _ = writeln!(
                body,
                "<text x=\"{:.0}\" y=\"{text:.0}\" text-anchor=\"end\">{title}</text>\
                 <rect class=\"{class}\" x=\"{NAMES_WIDTH}\" y=\"{:.0}\" width=\"{:.1}\" height=\"16\" rx=\"2\"/>\
                 <path class=\"spread\" d=\"M{:.1} {middle:.0}H{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{text:.0}\">{:.1}</text>",
                NAMES_WIDTH - 8.0,
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
}
