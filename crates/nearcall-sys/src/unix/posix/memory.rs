//! Memory of POSIX: objects of `shm_open(2)` that lose their name at once. What is done with it once it is mapped is in
//! [`crate::memory`].
//!
//! A region's readers get a descriptor that is good for reading alone. There is no other: the one that was good for writing
//! is closed once it is mapped, and what has no name is not opened again. That the size is fixed is the system's: on macOS
//! `ftruncate(2)` works once on such an object, whoever calls it. Linux has no such rule, and lets a process of the same user
//! open a descriptor again through `/proc`: there this is for trying it, and what is sealed is for use.

mod error;
mod make;
mod open;

#[cfg(target_os = "linux")]
pub use crate::unix::path::open_path;
pub use error::{MakeError, MakeStep, OpenError};
pub use make::{make_region, make_return_page, make_upload};
pub use open::{open_region, open_return_page, open_upload};
