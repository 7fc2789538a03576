//! The wires and their hygiene, with real processes.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says aloud what it leaves out"
)]

#[cfg(unix)]
mod address;
#[cfg(unix)]
mod child;
mod conformance;
#[cfg(unix)]
mod hygiene;
mod name;
#[cfg(unix)]
mod other_user;
#[cfg(all(unix, feature = "parity-tokio-ipc"))]
mod parity;
#[cfg(windows)]
mod pipe;
#[cfg(unix)]
mod policy;
#[cfg(unix)]
mod private_dir;
mod puppet;
mod tcp;
