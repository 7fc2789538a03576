//! Why memory could not be made or opened.

use std::fmt;
use std::io;

use crate::memory::REGION_BYTES_MAX;

/// What was being done when making memory failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MakeStep {
    /// `memfd_create(2)`.
    Create,
    /// `ftruncate(2)`.
    Size,
    /// `fallocate(2)`: there is not that much memory, or not for this process.
    Allocate,
    /// `mmap(2)`.
    Map,
    /// `fcntl(F_ADD_SEALS)`.
    Seal,
}

impl fmt::Display for MakeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "creating it",
            Self::Size => "setting its size",
            Self::Allocate => "allocating it",
            Self::Map => "mapping it",
            Self::Seal => "sealing it",
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

/// A seal that memory must have before it is mapped, see `F_ADD_SEALS` in `fcntl_addseals(2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seal {
    /// It cannot shrink: reading a mapping of it never raises SIGBUS.
    Shrink,
    /// It cannot grow.
    Grow,
    /// Nobody but the maker can write it.
    Write,
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shrink => "shrinking",
            Self::Grow => "growing",
            Self::Write => "writing by others",
        })
    }
}

/// Why a descriptor was not mapped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No seals can be on it, so it is no shared memory: a pipe, a folder, a file on disk.
    #[error(
        "expected sealed shared memory, found a descriptor that cannot be sealed; map only what the server passed"
    )]
    NotMemory {
        /// What the system says.
        source: io::Error,
    },
    /// A seal is missing, so its maker, or another, can break who maps it.
    #[error(
        "expected shared memory sealed against {missing}, found it open to that; its maker has to seal it first"
    )]
    Unsealed {
        /// The first seal that is missing.
        missing: Seal,
    },
    /// It is on another file system than tmpfs, whose pages can fail to be there (huge pages, secret memory).
    #[error(
        "expected shared memory on tmpfs, found a file system of type {found:#x}; its maker has to use memfd_create without huge pages"
    )]
    FileSystem {
        /// The magic number, see `statfs(2)`.
        found: u64,
    },
    /// It has another size than was said.
    #[error(
        "expected shared memory of {expected} bytes, found {found}; it belongs to another channel or version"
    )]
    Size {
        /// What was said.
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
