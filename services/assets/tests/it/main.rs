//! The service as a process of its own, loading real files.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and a role speaks to the test that started it"
)]

mod hostile;
mod killed;
mod loaded;
mod outside;
mod served;
mod stored;
