//! Why memory could not be made or opened.

use std::fmt;
use std::io;

use crate::memory::REGION_BYTES_MAX;
use crate::windows::name::Name;

/// What was being done when making memory failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MakeStep {
    /// `CreateFileMappingW`: there is not that much memory, or not for this process.
    Create,
    /// `MapViewOfFile`.
    Map,
    /// `DuplicateHandle`, for a handle that is good for no more than it has to be.
    Restrict,
}

impl fmt::Display for MakeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "creating it",
            Self::Map => "mapping it",
            Self::Restrict => "making a handle that is good for no more than it has to be",
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
    /// Something has the name that it was to have.
    #[error("expected nothing that {name} names yet, found what somebody made")]
    Taken {
        /// The name.
        name: Name,
    },
    /// The system did not give it.
    #[error(
        "no shared memory of {bytes} bytes: {step} failed; ask for less, or make the paging file larger"
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

/// Why a handle was not mapped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is a handle of something else, of nothing, or one that does not let its section be asked.
    #[error(
        "expected a handle of shared memory, found another (status {status:#010x}); map only what the server passed"
    )]
    NotMemory {
        /// What `NtQuerySection` says, an NTSTATUS.
        status: u32,
    },
    /// A file stands behind it, or not all of it is there: reading it could fail.
    #[error(
        "expected shared memory that is there in full, found a section with the attributes {found:#010x}; its maker has to use CreateFileMapping with SEC_COMMIT and no file"
    )]
    NotThere {
        /// The attributes, see `SEC_COMMIT` in `CreateFileMapping`.
        found: u32,
    },
    /// The handle is good for writing, so others may have one too.
    #[error(
        "expected shared memory that only its maker can write, found a handle that is good for writing; its maker has to pass on a lesser one"
    )]
    Writable,
    /// It has another size than was said.
    #[error(
        "expected shared memory of {expected} bytes, found {found}; it belongs to another channel or version"
    )]
    Size {
        /// What was said.
        expected: u64,
        /// What it has, in whole pages.
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
