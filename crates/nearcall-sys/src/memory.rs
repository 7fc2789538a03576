//! Memory that processes share, so that no peer can break who maps it.
//!
//! Three kinds of object, each with one writer. A *region* is made and written by a server and read by many. A *return
//! page* is made by the server too, but written by the one reader it is given to, and read by the server. An *upload* is
//! made by the server, filled by the one client it is given to, and copied out by the server. None of them can shrink
//! under a mapping, and none but its one writer writes it: on Linux their maker seals them; on Windows and macOS nobody gets
//! a handle or a descriptor that is good for more, and their size is fixed from the start.
//!
//! What comes out of a mapping are words and copies. A [`ReadOnly`] mapping of a region also gives `&[u8]`, under the rule
//! that [`ReadOnly::leased`] states, and the maker of a region lends parts of it as `&mut [u8]`, see [`Writable::lend`].
//!
//! ```
//! use nearcall_sys::memory;
//! # #[cfg(unix)]
//! use std::os::fd::AsFd as _;
//! # #[cfg(windows)]
//! # use std::os::windows::io::AsHandle as _;
//!
//! let (mut ours, passed) = memory::make_region("example", 8192)?;
//! ours.set_apart(4096);
//! # #[cfg(unix)]
//! let theirs = memory::open_region(passed.as_fd(), 8192)?;
//! # #[cfg(windows)]
//! # let theirs = memory::open_region(passed.as_handle(), 8192)?;
//! if let Some(mut slot) = ours.lend(4096..8192) {
//!     slot[..5].copy_from_slice(b"frame");
//! }
//! ours.store(0, 5);
//! assert_eq!(theirs.load(0), 5);
//! assert_eq!(theirs.leased(4096..4101), b"frame");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod copy;
pub(crate) mod mapping;
#[cfg(any(not(target_os = "linux"), nearcall_posix))]
mod word;
pub(crate) mod writable;

// All that it has: on Linux also what concerns seals, and paths into `/proc`.
#[cfg(unix)]
pub use crate::unix::memory::*;
#[cfg(windows)]
pub use crate::windows::memory::{
    MakeError, MakeStep, OpenError, make_region, make_return_page, make_upload, open_region,
    open_return_page, open_upload,
};
pub use mapping::{Copied, ReadOnly};
pub use writable::{Lent, Writable};

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The word is another by now, or somebody woke the waiters, or a signal came: look again.
    Perhaps,
    /// Nothing happened in time.
    TimedOut,
}

/// Bytes of a return page: one page of the smallest page size that 64-bit machines have.
pub const RETURN_PAGE_BYTES: usize = 4_096;

/// Limit: bytes of one region.
pub const REGION_BYTES_MAX: usize = 16 * 1_024 * 1_024 * 1_024;

/// How a mapping may be accessed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access {
    Read,
    Write,
}
