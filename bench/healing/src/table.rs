//! Figures of many rounds: medians with their least and greatest, and ratios to one condition.

use std::fmt::Write as _;

/// What was measured, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub condition: &'static str,
    pub payload: usize,
    pub in_flight: usize,
    pub metric: &'static str,
    pub unit: &'static str,
}

/// One value a round for each figure.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<(Figure, Vec<f64>)>,
}

impl Table {
    pub fn record(&mut self, figure: Figure, value: f64) {
        match self.rows.iter_mut().find(|(row, _)| *row == figure) {
            Some((_, values)) => values.push(value),
            None => self.rows.push((figure, vec![value])),
        }
    }

    /// A table to read, with ratios to the rows of the condition `base`.
    pub fn text(&self, base: &str) -> String {
        let mut text = format!(
            "{:<35} {:>7} {:>9} {:<26} {:>9} {:>9} {:>9} {:>21}\n",
            "metric",
            "payload",
            "in flight",
            "condition",
            "median us",
            "min",
            "max",
            "ratio (min, max)"
        );
        let mut bases = self
            .rows
            .iter()
            .filter(|(figure, _)| figure.condition == base)
            .collect::<Vec<_>>();
        bases.sort_by_key(|(figure, _)| (figure.metric, figure.payload, figure.in_flight));
        for (of, base_values) in bases {
            for (figure, values) in &self.rows {
                if (Figure {
                    condition: of.condition,
                    ..*figure
                }) != *of
                {
                    continue;
                }
                let [median, min, max] = spread(values);
                let ratios = values
                    .iter()
                    .zip(base_values)
                    .map(|(value, base)| value / base)
                    .collect::<Vec<_>>();
                let [ratio, least, most] = spread(&ratios);
                let _ = writeln!(
                    text,
                    "{:<35} {:>7} {:>9} {:<26} {median:>9.2} {min:>9.2} {max:>9.2} {ratio:>7.3} ({least:.3}, {most:.3})",
                    figure.metric, figure.payload, figure.in_flight, figure.condition
                );
            }
        }
        text
    }

    /// A table for the page: a column for each condition, the first of which the others are beside.
    pub fn markdown(&self, conditions: &[&str]) -> String {
        let mut text = String::from("| µs | bytes | in flight |");
        for condition in conditions {
            let _ = write!(text, " {condition} |");
        }
        let _ = writeln!(text, "\n|---|--:|--:|{}", "--:|".repeat(conditions.len()));
        let base = conditions.first().copied().unwrap_or_default();
        for (of, base_values) in &self.rows {
            if of.condition != base {
                continue;
            }
            let _ = write!(
                text,
                "| {} | {} | {} |",
                of.metric, of.payload, of.in_flight
            );
            for condition in conditions {
                let values = self.rows.iter().find(|(figure, _)| {
                    figure.condition == *condition
                        && Figure {
                            condition: of.condition,
                            ..*figure
                        } == *of
                });
                let Some((_, values)) = values else {
                    text += " |";
                    continue;
                };
                let [median, ..] = spread(values);
                let _ = write!(text, " {median:.1}");
                if *condition != base {
                    let ratios = values
                        .iter()
                        .zip(base_values)
                        .map(|(value, base)| value / base);
                    let [ratio, ..] = spread(&ratios.collect::<Vec<_>>());
                    let _ = write!(text, " ({ratio:.2})");
                }
                text += " |";
            }
            text.push('\n');
        }
        text
    }

    pub fn json(&self, system: &str) -> anyhow::Result<String> {
        let rows = self.rows.iter().map(|(figure, values)| {
            let [median, min, max] = spread(values);
            serde_json::json!({
                "system": system,
                "condition": figure.condition,
                "payload": figure.payload,
                "in_flight": figure.in_flight,
                "metric": figure.metric,
                "unit": figure.unit,
                "median": median,
                "min": min,
                "max": max,
                "rounds": values.len(),
            })
        });
        Ok(serde_json::to_string_pretty(&rows.collect::<Vec<_>>())? + "\n")
    }
}

/// Median, least and greatest.
fn spread(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    [
        at(sorted.len() / 2),
        at(0),
        at(sorted.len().saturating_sub(1)),
    ]
}
