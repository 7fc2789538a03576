#![doc = include_str!("../README.md")]
#![expect(
    unsafe_code,
    reason = "inherited descriptors, variables, code between fork and exec, and memory shared with others have no safe form"
)]

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
pub mod memory;
pub mod room;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{clock, inherit, limits, process};
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub use unix::{credentials, packet};
#[cfg(windows)]
pub use windows::{
    claim, clock, descriptor, event, handover, identity, inherit, name, pipe, process, socket, wine,
};
