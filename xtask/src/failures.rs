//! What failed, in few words, said once more at the very end: where a run is long, its last lines are all that is read.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::tally::TALLY_FILE;

/// Limit: how many lines of one failure are said again, and how many bytes of a line.
const LINES_MAX: usize = 24;
const LINE_BYTES_MAX: usize = 300;

/// How many lines follow the one that says where a test panicked.
const AFTER_PANIC: usize = 3;

static NOTED: Mutex<String> = Mutex::new(String::new());

/// Keeps what `output` says of the failure of `check` for the end.
pub(crate) fn note(check: &str, output: &str) {
    let mut noted = NOTED.lock().unwrap_or_else(|broken| broken.into_inner());
    let _ = write!(noted, "\n--- {check}\n{}", digest(output));
}

/// Prints what was kept; with a file of counts named, what the tasks before kept too.
pub(crate) fn show() -> anyhow::Result<()> {
    let mut noted = NOTED.lock().unwrap_or_else(|broken| broken.into_inner());
    if let Some(tally) = std::env::var_os(TALLY_FILE) {
        let path = beside(Path::new(&tally));
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(noted.as_bytes())?;
        *noted = fs::read_to_string(&path)?;
    }
    if !noted.is_empty() {
        println!("\nWhat failed, once more:\n{noted}");
    }
    noted.clear();
    Ok(())
}

fn beside(tally: &Path) -> PathBuf {
    tally.with_extension("failures")
}

/// The names of tests that failed and what they said when they did; of anything else, the last lines.
fn digest(output: &str) -> String {
    let lines: Vec<_> = output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let mut telling = Vec::new();
    let mut after = 0;
    for line in &lines {
        if line.contains("panicked at ") {
            after = AFTER_PANIC;
        }
        let is_name = line.starts_with("test ") && line.ends_with(" FAILED");
        if is_name || after > 0 || line.starts_with("error") {
            telling.push(*line);
        }
        after = after.saturating_sub(1);
    }
    let last = lines.len().saturating_sub(LINES_MAX);
    let chosen = match telling.is_empty() {
        true => lines.get(last..).unwrap_or_default(),
        false => telling.get(..LINES_MAX).unwrap_or(&telling),
    };
    chosen.iter().map(|line| shortened(line) + "\n").collect()
}

fn shortened(line: &str) -> String {
    match line.char_indices().find(|(at, _)| *at >= LINE_BYTES_MAX) {
        Some((at, _)) => format!("{} ...", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_failed_are_named() {
        let output = "running 3 tests\ntest a ... ok\ntest b ... FAILED\n\n---- b stdout ----\n\
            thread 'b' panicked at src/lib.rs:3:5:\nleft: 1\nright: 2\nnote: run with\n";
        let expected = "test b ... FAILED\nthread 'b' panicked at src/lib.rs:3:5:\nleft: 1\nright: 2\n";
        assert_eq!(digest(output), expected);
    }

    #[test]
    fn of_anything_else_the_end_is_said() {
        let output: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let found = digest(&output);
        assert_eq!(found.lines().count(), LINES_MAX);
        assert!(found.ends_with("line 99\n"), "{found}");
        assert_eq!(digest(""), "");
        let long = "ü".repeat(1000);
        assert!(digest(&long).len() < LINE_BYTES_MAX + 10);
    }
}
