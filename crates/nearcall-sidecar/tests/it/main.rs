//! Frames served and read over real sockets, by every way that they come.

#![cfg(any(target_os = "linux", windows))]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and roles speak to the test that started them"
)]

mod answering;
mod bulks;
mod changing;
#[cfg(target_os = "linux")]
mod death;
#[cfg(target_os = "linux")]
mod files;
#[cfg(windows)]
mod handles;
#[cfg(target_os = "linux")]
mod held_up;
#[cfg(target_os = "linux")]
mod hostile;
mod lender;
#[cfg(target_os = "linux")]
mod liar;
#[cfg(target_os = "linux")]
mod looked;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod namespaces;
#[cfg(target_os = "linux")]
mod other_user;
#[cfg(target_os = "linux")]
mod picked;
mod policies;
mod polled;
mod poller;
#[cfg(target_os = "linux")]
mod quotas;
#[cfg(target_os = "linux")]
mod role;
#[cfg(target_os = "linux")]
mod sealed;
mod served;
#[cfg(target_os = "linux")]
mod stopping;
#[cfg(target_os = "linux")]
mod stream;
#[cfg(target_os = "linux")]
mod tickets;
mod tiers;
