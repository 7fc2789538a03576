//! The Unix side; a module here has the same names as its counterpart for another system.

pub mod clock;
pub mod inherit;
pub mod limits;
pub mod process;
