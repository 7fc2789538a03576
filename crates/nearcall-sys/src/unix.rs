//! The Unix side; a module here has the same names as its counterpart for another system.

pub mod clock;
#[cfg(target_os = "linux")]
pub mod credentials;
pub mod inherit;
pub mod limits;
#[cfg(target_os = "linux")]
pub(crate) mod memory;
#[cfg(target_os = "linux")]
pub mod packet;
pub mod process;
pub mod room;
