//! Two ends of a connection, taken as if they had been inherited.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::pair;
#[cfg(windows)]
pub(super) use windows::pair;
