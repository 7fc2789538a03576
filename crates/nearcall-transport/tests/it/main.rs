//! The wires and their hygiene, with real processes.

#![cfg(unix)]

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
