//! How much room there is: in folders, and in memory.

#[cfg(unix)]
pub use crate::unix::room::{free_bytes, memory};
#[cfg(windows)]
pub use crate::windows::room::{free_bytes, memory};

/// Bytes of memory of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What programs may still take, before others have to give way; on Windows memory that is free and that the system may
    /// still promise, whichever is less.
    pub available: u64,
    /// What there is.
    pub total: u64,
}
