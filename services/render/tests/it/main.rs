//! The renderer as a process of its own, and a reader in another.

#![cfg(any(target_os = "linux", target_os = "macos", windows))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod saved;
