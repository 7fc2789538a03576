//! The wires and their hygiene, with real processes.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says aloud what it leaves out"
)]

mod address;
mod child;
mod conformance;
mod hygiene;
mod name;
mod other_user;
#[cfg(feature = "parity-tokio-ipc")]
mod parity;
mod policy;
mod private_dir;
mod puppet;
mod tcp;
