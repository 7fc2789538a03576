//! Frames served and read over real sockets, by every way that they come.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and roles speak to the test that started them"
)]

mod death;
mod hostile;
mod looked;
mod policies;
mod polled;
mod quotas;
mod served;
mod stopping;
mod stream;
mod tickets;
mod tiers;
