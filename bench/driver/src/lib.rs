//! What the benchmarks of several processes have in common: peers that are built each alone, the cores they run on, what
//! is said between them and the driver, and what the kernel says they cost. Linux.

#![cfg(target_os = "linux")]

mod condition;
pub mod make;
mod process;

pub use condition::{Awake, Condition, End};
pub use process::Process;
