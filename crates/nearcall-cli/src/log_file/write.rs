//! Writing records, and putting a full file aside.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Record, path_of};

/// The one writer of a service's log.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    file: File,
    len: u64,
    len_max: u64,
    old_files_max: u32,
}

impl Writer {
    /// Opens the file to go on at its end. `len_max` is in bytes; `old_files_max` counts the files put aside.
    ///
    /// # Errors
    /// When the file cannot be opened for writing.
    pub(crate) fn open(path: &Path, len_max: u64, old_files_max: u32) -> io::Result<Self> {
        let file = open(path)?;
        let len = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            len,
            len_max,
            old_files_max,
        })
    }

    /// Writes one record, to a new file when this one is full.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn write(&mut self, record: &Record) -> io::Result<()> {
        let line = record.encode();
        let line_len = line.len() as u64;
        if self.len > 0 && self.len + line_len > self.len_max {
            self.rotate()?;
        }
        // One write for the whole line: whoever follows the file sees whole lines but for a full disk.
        self.file.write_all(line.as_bytes())?;
        self.len += line_len;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for n in (0..self.old_files_max).rev() {
            match fs::rename(path_of(&self.path, n), path_of(&self.path, n + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.old_files_max == 0 {
            fs::remove_file(&self.path)?;
        }
        self.file = open(&self.path)?;
        self.len = 0;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
