//! How many checks passed, failed and were left out: the last line of every task.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::ops::AddAssign;
use std::path::Path;

use anyhow::Context as _;

/// A file that adds up the counts of several tasks, one line each; `.ci/run` names it so that the last line of a whole
/// run counts everything.
pub(crate) const TALLY_FILE: &str = "XTASK_TALLY_FILE";

/// Counts of checks. Written as `3 passed, 0 failed`, with the skipped ones named only where there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) const PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    pub(crate) const FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };
    pub(crate) const SKIPPED: Self = Self {
        passed: 0,
        failed: 0,
        skipped: 1,
    };

    /// Reads what [`fmt::Display`] writes.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut tally = Self::default();
        for part in line.split(", ") {
            let (count, word) = part.split_once(' ')?;
            let count = count.parse().ok()?;
            match word {
                "passed" => tally.passed = count,
                "failed" => tally.failed = count,
                "skipped" => tally.skipped = count,
                _ => return None,
            }
        }
        Some(tally)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Adds `tally` to the file of counts at `path` and answers with the sum of all its lines.
pub(crate) fn add_to_file(path: &Path, tally: Tally) -> anyhow::Result<Tally> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("opening the file of counts {}", path.display()))?;
    writeln!(file, "{tally}")?;
    let mut sum = Tally::default();
    for line in fs::read_to_string(path)?.lines() {
        sum += Tally::parse(line).with_context(|| {
            format!(
                "{} should hold lines such as `3 passed, 0 failed`, found `{line}`",
                path.display()
            )
        })?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_reads_back() {
        let check = |passed, failed, skipped, expected: &str| {
            let tally = Tally {
                passed,
                failed,
                skipped,
            };
            assert_eq!(tally.to_string(), expected);
            assert_eq!(Tally::parse(expected), Some(tally));
        };
        check(0, 0, 0, "0 passed, 0 failed");
        check(12, 3, 0, "12 passed, 3 failed");
        check(12, 0, 1, "12 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn other_lines_are_no_tally() {
        for line in ["", "3 passed; 0 failed", "many passed", "3 passed, 1 lost"] {
            assert_eq!(Tally::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_file_adds_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tally");
        assert_eq!(
            add_to_file(&path, Tally::PASSED).unwrap().to_string(),
            "1 passed, 0 failed"
        );
        assert_eq!(
            add_to_file(&path, Tally::FAILED).unwrap().to_string(),
            "1 passed, 1 failed"
        );
    }
}
