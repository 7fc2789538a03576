//! The Windows side; a module here has the same names as its counterpart for another system.

pub mod claim;
pub mod clock;
pub mod descriptor;
pub mod event;
mod handle;
pub mod handover;
pub mod identity;
pub mod inherit;
pub(crate) mod memory;
pub mod name;
mod ntdll;
pub mod pipe;
pub mod process;
pub(crate) mod room;
pub mod socket;
mod text;
mod wait;
pub mod wine;
