//! Memory of Windows: sections that the paging file stands behind. What is done with it once it is mapped is in
//! [`crate::memory`].

mod error;
mod make;
mod open;
mod pages;

pub use error::{MakeError, MakeStep, OpenError};
pub use make::{make_region, make_return_page, make_upload};
pub use open::{open_region, open_return_page, open_upload};
pub(crate) use pages::Pages;
