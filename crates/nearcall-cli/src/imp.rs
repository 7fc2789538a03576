//! What differs between systems, under the same names.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// How much of something a process may have; none is no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// For now.
    pub(crate) current: Option<u64>,
    /// What it may be raised to.
    pub(crate) maximum: Option<u64>,
}

/// What is wrong with something, and what to do.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// What was found.
    pub(crate) found: String,
    /// What to do.
    pub(crate) advice: String,
}
