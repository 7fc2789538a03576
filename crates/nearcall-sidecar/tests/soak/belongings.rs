//! What a process has of the kernel's, and of the disk's.

use std::fmt;
use std::fs;

/// At one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Belongings {
    descriptors: usize,
    /// Of shared memory.
    mappings: usize,
    /// In the runtime folder.
    files: usize,
    /// Bytes of the heap and of stacks that are in memory.
    pub(crate) memory: u64,
}

impl Belongings {
    pub(crate) fn now() -> Self {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let anonymous = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .unwrap();
        Self {
            // One is for looking.
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count() - 1,
            mappings: maps.lines().filter(is_shared).count(),
            files: files_below(&std::env::var_os("XDG_RUNTIME_DIR").unwrap().into()),
            memory: anonymous.parse::<u64>().unwrap() * 1_024,
        }
    }

    /// What a server with one channel, its readers gone, has beside what there was before: the listener, its lock, the
    /// broker's two; the region, written and read; the socket, its lock, its entry, the broker's socket.
    pub(crate) fn of_server(before: &Self) -> Self {
        let Self {
            descriptors,
            mappings,
            files,
            memory,
        } = *before;
        Self {
            descriptors: descriptors + server::DESCRIPTORS,
            mappings: mappings + server::MAPPINGS,
            files: files + server::FILES,
            memory,
        }
    }

    /// Whether nothing came and nothing went, but for memory, which the heap keeps for a while.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (self.descriptors, self.mappings, self.files)
            == (other.descriptors, other.mappings, other.files)
    }
}

/// Whether a line is of memory of ours, sealed or of POSIX.
fn is_shared(line: &&str) -> bool {
    line.contains("/memfd:") || line.contains("/dev/shm/nearcall.")
}

mod server {
    pub(super) const DESCRIPTORS: usize = 5;
    pub(super) const MAPPINGS: usize = 2;
    pub(super) const FILES: usize = 4;
}

fn files_below(folder: &std::path::PathBuf) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path()),
            _ => 1,
        })
        .sum()
}

impl fmt::Display for Belongings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} descriptors, {} mappings, {} files, {} KiB",
            self.descriptors,
            self.mappings,
            self.files,
            self.memory / 1_024
        )
    }
}
