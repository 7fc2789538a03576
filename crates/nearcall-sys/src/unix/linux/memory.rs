//! Memory of Linux: `memfd_create(2)`, sealed. What is done with it once it is mapped is in [`crate::memory`].

mod error;
mod futex;
mod make;
mod open;

pub use crate::unix::path::open_path;
pub use error::{MakeError, MakeStep, OpenError, Seal};
pub use make::{make_region, make_return_page, make_upload};
pub use open::{open_region, open_return_page, open_upload};
