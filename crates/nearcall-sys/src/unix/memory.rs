//! Memory that processes share, sealed so that no peer can break who maps it.
//!
//! Three kinds of object, each with one writer. A *region* is made and written by a server and read by many. A *return
//! page* is made by the server too, but written by the one reader it is given to, and read by the server. An *upload* is
//! made by the server, filled by the one client it is given to, and copied out by the server. The maker seals all of
//! them, so that none can shrink under a mapping: reading it never raises SIGBUS.
//!
//! What comes out of a mapping are words and copies. A [`ReadOnly`] mapping of a region also gives `&[u8]`, under the rule
//! that [`ReadOnly::leased`] states, and the maker of a region lends parts of it as `&mut [u8]`, see [`Writable::lend`].
//!
//! ```
//! use nearcall_sys::memory;
//! use std::os::fd::AsFd;
//!
//! let (mut ours, descriptor) = memory::make_region("example", 8192)?;
//! ours.set_apart(4096);
//! let theirs = memory::open_region(descriptor.as_fd(), 8192)?;
//! if let Some(mut slot) = ours.lend(4096..8192) {
//!     slot[..5].copy_from_slice(b"frame");
//! }
//! ours.store(0, 5);
//! assert_eq!(theirs.load(0), 5);
//! assert_eq!(theirs.leased(4096..4101), b"frame");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod copy;
mod error;
mod futex;
mod make;
mod mapping;
mod open;
mod writable;

pub use error::{MakeError, MakeStep, OpenError, Seal};
pub use futex::Woken;
pub use make::{make_region, make_return_page, make_upload};
pub use mapping::{Copied, ReadOnly};
pub use open::{open_path, open_region, open_return_page, open_upload};
pub use writable::{Lent, Writable};

/// Bytes of a return page: one page of the smallest page size that Linux has on 64-bit machines.
pub const RETURN_PAGE_BYTES: usize = 4_096;

/// Limit: bytes of one region.
pub const REGION_BYTES_MAX: usize = 16 * 1_024 * 1_024 * 1_024;
