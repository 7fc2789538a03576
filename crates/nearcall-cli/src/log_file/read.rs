//! Reading records: the last ones, and those that are still to come.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use same_file::Handle;

use super::{LINE_LEN_MAX, OLD_FILES_MAX, Record, path_of};

/// How many bytes of a followed file are taken in at once.
const FOLLOW_LEN_MAX: u64 = 1024 * 1024;

/// The last `count` records of a service, the oldest first, over the files that were put aside as well. A file that
/// does not exist has none.
///
/// # Errors
/// When a file exists and cannot be read.
pub(crate) fn tail(path: &Path, count: usize) -> io::Result<Vec<Record>> {
    last_before(path, 0, count)
}

/// The last `count` records of the `first`th file and those that were put aside before it.
fn last_before(path: &Path, first: u32, count: usize) -> io::Result<Vec<Record>> {
    let mut newest_first: Vec<Record> = Vec::new();
    for n in first..=OLD_FILES_MAX {
        let missing = count - newest_first.len();
        if missing == 0 {
            break;
        }
        if let Some(file) = open(&path_of(path, n))? {
            newest_first.extend(last_of(file, missing)?.into_iter().rev());
        }
    }
    newest_first.reverse();
    Ok(newest_first)
}

/// A file is at most [`super::FILE_LEN_MAX`] long, so reading it from its start is quick enough to be simple.
fn last_of(file: File, count: usize) -> io::Result<VecDeque<Record>> {
    let mut last = VecDeque::new();
    for line in BufReader::new(file).split(b'\n') {
        if let Some(record) = Record::decode(&String::from_utf8_lossy(&line?)) {
            if last.len() == count {
                last.pop_front();
            }
            last.push_back(record);
        }
    }
    Ok(last)
}

/// Reads what is added to a log, whether or not the file exists yet and over its rotation.
#[derive(Debug)]
pub(crate) struct Follow {
    path: PathBuf,
    file: Option<File>,
    half_line: Vec<u8>,
}

impl Follow {
    /// The last `count` records, the oldest first, and what reads those that come after them.
    ///
    /// # Errors
    /// When a file exists and cannot be read.
    pub(crate) fn after_tail(path: &Path, count: usize) -> io::Result<(Vec<Record>, Self)> {
        let mut follow = Self {
            path: path.to_owned(),
            file: open(path)?,
            half_line: Vec::new(),
        };
        let mut records = VecDeque::new();
        follow.poll(|record| {
            records.push_back(record);
            if records.len() > count {
                records.pop_front();
            }
        })?;
        let mut all = last_before(path, 1, count - records.len())?;
        all.extend(records);
        Ok((all, follow))
    }

    /// Gives `each` the records that were added since the last look.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub(crate) fn poll(&mut self, mut each: impl FnMut(Record)) -> io::Result<()> {
        if self.file.is_none() {
            self.file = open(&self.path)?;
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        while read_new(file, &mut self.half_line, &mut each)? > 0 {}
        // The file that was followed may have been put aside; then it is at its end for good, and a new one is there.
        // Of several rotations between two looks only the ends are seen: that takes several full files.
        if let Some(current) = open(&self.path)?
            && !same_file(file, &current)?
        {
            while read_new(file, &mut self.half_line, &mut each)? > 0 {}
            let mut current = current;
            self.half_line.clear();
            while read_new(&mut current, &mut self.half_line, &mut each)? > 0 {}
            self.file = Some(current);
        }
        Ok(())
    }
}

fn read_new(
    file: &mut File,
    half_line: &mut Vec<u8>,
    each: &mut impl FnMut(Record),
) -> io::Result<usize> {
    let len = file.take(FOLLOW_LEN_MAX).read_to_end(half_line)?;
    let mut start = 0;
    while let Some(len) = half_line[start..].iter().position(|byte| *byte == b'\n') {
        let line = &half_line[start..start + len];
        if let Some(record) = Record::decode(&String::from_utf8_lossy(line)) {
            each(record);
        }
        start += len + 1;
    }
    half_line.drain(..start);
    if half_line.len() > 2 * LINE_LEN_MAX {
        // No writer of ours makes such a line; nothing is kept of it.
        half_line.clear();
    }
    Ok(len)
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn same_file(one: &File, other: &File) -> io::Result<bool> {
    let handle = |file: &File| Handle::from_file(file.try_clone()?);
    Ok(handle(one)? == handle(other)?)
}
