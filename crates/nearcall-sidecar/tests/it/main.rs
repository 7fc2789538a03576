//! Frames served and read over real sockets, by every way that they come.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and roles speak to the test that started them"
)]

mod changing;
mod death;
mod files;
mod hostile;
mod liar;
mod looked;
mod memory;
mod namespaces;
mod other_user;
mod policies;
mod polled;
mod quotas;
mod role;
mod sealed;
mod served;
mod stopping;
mod stream;
mod tickets;
mod tiers;
