//! Real processes: that they start as asked, end as asked, and are seen to.

#![cfg(any(unix, windows))]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says aloud what it leaves out"
)]

#[cfg(unix)]
mod limits;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod memory;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod packet;
#[cfg(unix)]
mod process;
mod room;
#[cfg(windows)]
mod windows;
