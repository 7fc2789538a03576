//! The `nearcall` command as its users run it: a process of its own, checked by what it prints and how it ends.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bridge;
mod call;
mod dial;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod drawn;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod frames;
mod help;
mod lifecycle;
mod program;
mod served;
