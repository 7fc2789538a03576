//! What differs between systems, under the same names.

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub(crate) use unix::*;
