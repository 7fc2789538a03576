#![doc = include_str!("../README.md")]
#![expect(
    unsafe_code,
    reason = "adopting inherited descriptors, removing variables and running code between fork and exec have no safe form"
)]

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use unix::{clock, inherit, limits, process};
