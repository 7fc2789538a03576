//! What every peer written in Rust has in common: its arguments, the bytes that a writer draws and a reader adds up, and
//! what it prints.
//!
//! The contract itself stands in `bench/frames/README.md`. The two ends are run like this:
//!
//! ```text
//! writes.run(|frame| {
//!     let mut memory = …;
//!     frame.draw(&mut memory);
//!     send(memory)
//! })?;
//!
//! reads.ready()?;
//! while reads.take(&next()?)? {}
//! reads.end()?;
//! ```

mod args;
mod frame;
mod hand_over;
mod reads;
mod writes;

pub use args::{ALONE, Peer, Role};
pub use frame::{Frame, HEAD_BYTES};
pub use hand_over::listening;
pub use reads::Reads;
pub use writes::Writes;

/// What any of it may end with.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
