//! Why memory could not be made or opened.

use std::fmt;
use std::io;

use crate::memory::REGION_BYTES_MAX;

/// What was being done when making memory failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MakeStep {
    /// Drawing a name that nobody guesses.
    Name,
    /// `shm_open(2)`.
    Create,
    /// `shm_open(2)` once more, for a descriptor that is good for reading alone.
    Restrict,
    /// `shm_unlink(2)`.
    Unlink,
    /// `ftruncate(2)`.
    Size,
    /// Taking the memory: there is not that much, or not for this process.
    Allocate,
    /// `mmap(2)`.
    Map,
}

impl fmt::Display for MakeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "drawing a name",
            Self::Create => "creating it",
            Self::Restrict => "opening it for reading alone",
            Self::Unlink => "taking its name away",
            Self::Size => "setting its size",
            Self::Allocate => "allocating it",
            Self::Map => "mapping it",
        })
    }
}

/// Why there is no new memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// The size is none that a region may have.
    #[error("expected a region of 1 to {REGION_BYTES_MAX} bytes, was asked for {bytes}")]
    Size {
        /// What was asked for.
        bytes: usize,
    },
    /// The system did not give it.
    #[error(
        "no shared memory of {bytes} bytes: {step} failed; ask for less, or raise what the system gives"
    )]
    System {
        /// What was asked for.
        bytes: usize,
        /// What failed.
        step: MakeStep,
        /// What the system says.
        source: io::Error,
    },
}

/// Why a descriptor was not mapped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is something else: a pipe, a folder, a file on disk, or an object that still has a name.
    #[error(
        "expected shared memory without a name, found {found}; map only what the server passed"
    )]
    NotMemory {
        /// What it is, in words.
        found: &'static str,
    },
    /// The descriptor is good for writing, so others may have one too.
    #[error(
        "expected shared memory that only its maker can write, found a descriptor that is good for writing; its maker has to pass on a lesser one"
    )]
    Writable,
    /// It has another size than was said.
    #[error(
        "expected shared memory of {expected} bytes, found {found}; it belongs to another channel or version"
    )]
    Size {
        /// What was said; where the system gives whole pages, in whole pages.
        expected: u64,
        /// What it has.
        found: u64,
    },
    /// The system refused.
    #[error("shared memory of {bytes} bytes could not be {what}")]
    System {
        /// What was said.
        bytes: u64,
        /// What failed.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
}
