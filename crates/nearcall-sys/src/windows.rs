//! The Windows side; a module here has the same names as its counterpart for another system.

pub mod claim;
pub mod clock;
pub mod descriptor;
mod handle;
pub mod identity;
pub mod inherit;
pub mod pipe;
pub mod process;
pub mod socket;
mod text;
pub mod wine;
