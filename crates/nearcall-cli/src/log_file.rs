//! What services print, kept in files: one per service, one line per record, rotated by size.
//!
//! A record is `2026-01-31T12:00:00.123Z out text of the line`, so that `tail` and `grep` need nothing of ours.

mod read;
mod write;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) use read::{Follow, tail};
pub(crate) use write::Writer;

/// A file that would grow past this many bytes is put aside first.
pub(crate) const FILE_LEN_MAX: u64 = 8 * 1024 * 1024;

/// How many files are kept that were put aside (`arith.log.1` is the newest of them); older ones are removed.
pub(crate) const OLD_FILES_MAX: u32 = 3;

/// A line longer than this many bytes is kept as several records.
pub(crate) const LINE_LEN_MAX: usize = 16 * 1024;

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// The service's standard output.
    Out,
    /// The service's standard error.
    Err,
    /// The supervisor, about the service.
    Sup,
}

impl Source {
    const fn word(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Sup => "sup",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Out, Self::Err, Self::Sup]
            .into_iter()
            .find(|source| source.word() == word)
    }
}

/// One line that a service printed, or that the supervisor wrote about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// When the line was read, to the millisecond.
    pub(crate) at: SystemTime,
    /// Where it came from.
    pub(crate) source: Source,
    /// The line, without its end.
    pub(crate) text: String,
}

impl Record {
    /// A record of this moment.
    pub(crate) fn now(source: Source, text: impl Into<String>) -> Self {
        Self {
            at: SystemTime::now(),
            source,
            text: text.into(),
        }
    }

    /// The record as the file holds it, with the line's end.
    fn encode(&self) -> String {
        format!(
            "{} {} {}\n",
            humantime::format_rfc3339_millis(self.at),
            self.source.word(),
            self.text
        )
    }

    /// Reads a line of the file; `None` for anything that is not a record, such as half a line after a crash.
    fn decode(line: &str) -> Option<Self> {
        let (at, rest) = line.split_once(' ')?;
        let (source, text) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(Self {
            at: humantime::parse_rfc3339(at).ok()?,
            source: Source::parse(source)?,
            text: text.to_owned(),
        })
    }
}

/// The path of the `n`th file that was put aside; 0 is the file in use.
fn path_of(path: &Path, n: u32) -> PathBuf {
    if n == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{n}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn records_survive_the_file() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123);
        let check = |source, text: &str| {
            let record = Record {
                at,
                source,
                text: text.to_owned(),
            };
            let line = record.encode();
            assert_eq!(Record::decode(line.trim_end_matches('\n')), Some(record));
        };
        check(Source::Out, "hello");
        check(Source::Err, "");
        check(Source::Sup, " two  spaces ");
        check(Source::Out, "2026-01-31T12:00:00.123Z out not a record");
    }

    #[test]
    fn what_is_not_a_record_is_passed_over() {
        for line in [
            "",
            "half",
            "2026-01-31T12:00:00.123Z",
            "yesterday out x",
            "2026-01-31T12:00:00.123Z huh x",
        ] {
            assert_eq!(Record::decode(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut writer = Writer::open(&path, 200, 2).unwrap();
        for n in 0..40 {
            writer
                .write(&Record::now(Source::Out, format!("line {n}")))
                .unwrap();
        }
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["a.log", "a.log.1", "a.log.2"]);
        for name in &names {
            assert!(fs::metadata(folder.path().join(name)).unwrap().len() <= 200);
        }
        // What is left is the end, in order and without a gap.
        let texts: Vec<_> = tail(&path, 1_000)
            .unwrap()
            .into_iter()
            .map(|record| record.text)
            .collect();
        assert_eq!(texts.last().map(String::as_str), Some("line 39"));
        let first: u32 = texts[0].trim_start_matches("line ").parse().unwrap();
        let expected: Vec<_> = (first..40).map(|n| format!("line {n}")).collect();
        assert_eq!(texts, expected);
        assert!(texts.len() > 8, "{}", texts.len());
    }

    #[test]
    fn the_tail_is_as_long_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut writer = Writer::open(&path, 150, 3).unwrap();
        for n in 0..9 {
            writer
                .write(&Record::now(Source::Out, n.to_string()))
                .unwrap();
        }
        let check = |count, expected: &[&str]| {
            let texts: Vec<_> = tail(&path, count)
                .unwrap()
                .into_iter()
                .map(|record| record.text)
                .collect();
            assert_eq!(texts, expected);
            let (records, mut follow) = Follow::after_tail(&path, count).unwrap();
            let texts: Vec<_> = records.into_iter().map(|record| record.text).collect();
            assert_eq!(texts, expected);
            follow
                .poll(|record| panic!("{record:?} comes twice"))
                .unwrap();
        };
        check(0, &[]);
        check(1, &["8"]);
        check(5, &["4", "5", "6", "7", "8"]);
        assert_eq!(tail(&folder.path().join("none.log"), 5).unwrap(), []);
    }

    #[test]
    fn following_goes_on_over_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut writer = Writer::open(&path, 150, 3).unwrap();
        writer.write(&Record::now(Source::Out, "before")).unwrap();
        let (tail, mut follow) = Follow::after_tail(&path, 5).unwrap();
        assert_eq!(tail.len(), 1);
        let mut seen = Vec::new();
        for n in 0..20 {
            writer
                .write(&Record::now(Source::Out, n.to_string()))
                .unwrap();
            follow.poll(|record| seen.push(record.text)).unwrap();
        }
        let expected: Vec<_> = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn following_waits_for_a_file_and_for_the_end_of_a_line() {
        use std::io::Write as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let (_, mut follow) = Follow::after_tail(&path, 5).unwrap();
        let mut seen = Vec::new();
        follow.poll(|record| seen.push(record.text)).unwrap();
        let mut file = fs::File::create(&path).unwrap();
        let line = Record::now(Source::Out, "whole").encode();
        let (head, rest) = line.split_at(10);
        file.write_all(head.as_bytes()).unwrap();
        follow.poll(|record| seen.push(record.text)).unwrap();
        assert!(seen.is_empty());
        file.write_all(rest.as_bytes()).unwrap();
        follow.poll(|record| seen.push(record.text)).unwrap();
        assert_eq!(seen, ["whole"]);
    }
}
