//! Frames served and read over real sockets, by every way that they come.

#![cfg(any(target_os = "linux", target_os = "macos", windows))]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and roles speak to the test that started them"
)]

#[cfg(unix)]
mod changing;
#[cfg(unix)]
mod death;
#[cfg(target_os = "linux")]
mod files;
#[cfg(windows)]
mod handles;
#[cfg(unix)]
mod hostile;
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
#[cfg(unix)]
mod policies;
#[cfg(target_os = "linux")]
mod polled;
#[cfg(unix)]
mod quotas;
#[cfg(target_os = "linux")]
mod role;
#[cfg(target_os = "linux")]
mod sealed;
#[cfg(unix)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "some of it is for tests of files and of paths")
)]
mod served;
#[cfg(unix)]
mod stopping;
#[cfg(unix)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "some of it is for tests of files and of paths")
)]
mod stream;
#[cfg(unix)]
mod tickets;
#[cfg(unix)]
mod tiers;
