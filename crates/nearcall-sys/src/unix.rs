//! The Unix side; a module here has the same names as its counterpart for another system.
//!
//! Memory that is shared and sockets that pass it on come in two kinds, chosen here and nowhere else: what Linux alone has,
//! and what POSIX has, for macOS. `--cfg nearcall_posix` chooses the second kind on Linux, so that it is run there.

pub mod clock;
pub mod inherit;
pub mod limits;
pub mod process;
pub(crate) mod room;

#[cfg(any(target_os = "linux", target_os = "macos"))]
pub mod credentials;
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub mod packet;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod pages;
#[cfg(target_os = "linux")]
mod path;

#[cfg(all(target_os = "linux", not(nearcall_posix)))]
mod linux;
#[cfg(all(target_os = "linux", not(nearcall_posix)))]
use linux as shared;

#[cfg(any(target_os = "macos", all(target_os = "linux", nearcall_posix)))]
mod posix;
#[cfg(any(target_os = "macos", all(target_os = "linux", nearcall_posix)))]
use posix as shared;

#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(crate) use pages::Pages;
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(crate) use shared::memory;
