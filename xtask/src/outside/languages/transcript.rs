//! What every `hello` prints, and which lines of it show what.

use std::fmt;

use anyhow::ensure;

/// What the lines of the transcript show: a name, and how many lines, in order.
pub(super) const CELLS: [(&str, usize); 8] = [
    ("unary", 2),
    ("error details", 2),
    ("deadline", 4),
    ("server stream", 1),
    ("bidi", 1),
    ("client stream", 1),
    ("metadata", 2),
    ("unavailable", 1),
];

/// Status codes as some libraries spell them, and as gRPC does: the one thing that may differ between languages.
const SPELLINGS: [(&str, &str); 3] = [
    ("InvalidArgument", "INVALID_ARGUMENT"),
    ("DeadlineExceeded", "DEADLINE_EXCEEDED"),
    ("Unavailable", "UNAVAILABLE"),
];

/// Printed lines, with status codes spelled as gRPC does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Transcript {
    lines: Vec<String>,
}

/// Whether a cell is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Same,
    Differs,
    LeftOut,
}

impl Transcript {
    pub(super) fn read(text: &str) -> Self {
        let lines = text.lines().map(|line| {
            SPELLINGS
                .iter()
                .fold(line.to_owned(), |line, (spelled, code)| {
                    line.replace(spelled, code)
                })
        });
        Self {
            lines: lines.collect(),
        }
    }

    /// Every line of the expected transcript belongs to a cell.
    pub(super) fn covers_cells(&self) -> anyhow::Result<()> {
        let expected: usize = CELLS.iter().map(|(_, lines)| lines).sum();
        let found = self.lines.len();
        ensure!(
            found == expected,
            "the transcript should have the {expected} lines of its cells, found {found}"
        );
        Ok(())
    }

    /// For each cell, whether its lines were printed, one behind the other.
    pub(super) fn marks(&self, printed: &Self) -> Vec<Mark> {
        let mut rest = self.lines.as_slice();
        let mut marks = Vec::new();
        for (_, lines) in CELLS {
            let (cell, after) = rest.split_at(lines.min(rest.len()));
            rest = after;
            let same = printed.lines.windows(lines).any(|found| found == cell);
            marks.push(if same { Mark::Same } else { Mark::Differs });
        }
        marks
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "✓",
            Self::Differs => "✗",
            Self::LeftOut => "-",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: &str = include_str!("../../../../examples/hello.transcript.txt");

    #[test]
    fn each_cell_is_marked_by_its_own_lines() {
        let check = |from: &str, to: &str, expected: &str| {
            let printed = Transcript::read(&EXPECTED.replace(from, to));
            let transcript = Transcript::read(EXPECTED);
            transcript.covers_cells().unwrap();
            let marks = transcript.marks(&printed);
            let marks: String = marks.iter().map(Mark::to_string).collect();
            assert_eq!(marks, expected, "{from:?} for {to:?}");
        };
        check("", "", "✓✓✓✓✓✓✓✓");
        check("DEADLINE_EXCEEDED", "DeadlineExceeded", "✓✓✓✓✓✓✓✓");
        check("DEADLINE_EXCEEDED", "CANCELLED", "✓✓✗✓✓✓✓✓");
        check("counted 2\n", "", "✓✓✗✓✓✓✓✓");
        check("136", "137", "✗✓✓✓✓✓✓✓");
        check("field b", "field a", "✓✗✓✓✓✓✓✓");
        check("5 6 7 8", "5 6 7", "✓✓✓✗✓✓✓✓");
        check("1 3 6", "1 2 3", "✓✓✓✓✗✓✓✓");
        check("5050", "0", "✓✓✓✓✓✗✓✓");
        check("hello", "", "✓✓✓✓✓✓✗✓");
        check("nobody", "somebody", "✓✓✓✓✓✓✓✗");
        check(EXPECTED, "", "✗✗✗✗✗✗✗✗");
    }

    #[test]
    fn a_transcript_of_another_length_covers_no_cells() {
        for text in ["", "one line\n"] {
            assert!(Transcript::read(text).covers_cells().is_err(), "{text:?}");
        }
    }
}
