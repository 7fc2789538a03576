//! The service as a process of its own, loading real files.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod killed;
mod loaded;
mod outside;
mod served;
mod stored;
