//! The same by what POSIX has, for macOS: objects of `shm_open(2)`, streams with lengths in them, and looking at a word again
//! and again. What the systems differ in is in `macos` and `linux`, under the same names.

pub(crate) mod memory;
pub(super) mod packet;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as system;
