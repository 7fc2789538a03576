//! Figures of many rounds: medians with their least and greatest.

/// What was measured, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub system: &'static str,
    pub condition: &'static str,
    pub payload: usize,
    /// Of what there are several at once, as the JSON calls it, and how many: `("in_flight", 64)`.
    pub count: (&'static str, usize),
    pub metric: &'static str,
    pub unit: &'static str,
}

/// One value a round for each figure.
#[derive(Debug, Default)]
pub struct Figures {
    rows: Vec<(Figure, Vec<f64>)>,
}

impl Figures {
    pub fn record(&mut self, figure: Figure, value: f64) {
        match self.rows.iter_mut().find(|(row, _)| *row == figure) {
            Some((_, values)) => values.push(value),
            None => self.rows.push((figure, vec![value])),
        }
    }

    /// The values of the rounds, in their order; none where this was not measured.
    #[must_use]
    pub fn values(&self, of: impl Fn(&Figure) -> bool) -> Option<&[f64]> {
        let (_, values) = self.rows.iter().find(|(figure, _)| of(figure))?;
        Some(values)
    }

    /// Every figure with its values, in the order in which they were first recorded.
    pub fn rows(&self) -> impl Iterator<Item = (&Figure, &[f64])> {
        self.rows.iter().map(|(figure, values)| (figure, &**values))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// An array of rows, each a figure with its median, least and greatest.
    ///
    /// # Errors
    ///
    /// None that is known: numbers and names are JSON.
    pub fn json(&self) -> anyhow::Result<String> {
        let rows = self.rows.iter().map(|(figure, values)| {
            let Spread { median, min, max } = Spread::of(values);
            let (several, count) = figure.count;
            serde_json::json!({
                "system": figure.system,
                "condition": figure.condition,
                "payload": figure.payload,
                several: count,
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

/// The middle of some values, and their ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// Not a number where there is no value.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
        } else {
            at(middle)
        };
        Self {
            median,
            min: at(0),
            max: at(sorted.len().saturating_sub(1)),
        }
    }
}

/// Each value over the other of its round, so that what slowed the machine slowed both.
#[must_use]
pub fn ratios(values: &[f64], over: &[f64]) -> Spread {
    let ratios = values.iter().zip(over).map(|(value, over)| value / over);
    Spread::of(&ratios.collect::<Vec<_>>())
}

/// As many digits as mean something.
#[must_use]
pub fn number(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends() {
        let check = |values: &[f64], median, min, max| {
            assert_eq!(Spread::of(values), Spread { median, min, max });
        };
        check(&[3.0], 3.0, 3.0, 3.0);
        check(&[5.0, 1.0, 2.0], 2.0, 1.0, 5.0);
        check(&[4.0, 1.0, 2.0, 8.0], 3.0, 1.0, 8.0);
        assert!(Spread::of(&[]).median.is_nan());
    }

    #[test]
    fn a_ratio_is_taken_within_its_round() {
        let spread = ratios(&[2.0, 20.0, 6.0], &[1.0, 10.0, 2.0]);
        assert_eq!(
            spread,
            Spread {
                median: 2.0,
                min: 2.0,
                max: 3.0
            }
        );
    }
}
