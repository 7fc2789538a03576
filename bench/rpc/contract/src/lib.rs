//! What every peer written in Rust has in common: its arguments, its laps, and what it prints.
//!
//! The contract itself stands in `bench/rpc/README.md`. A client runs its laps like this:
//!
//! ```text
//! for lap in load.laps() {
//!     let lap = lap?;
//!     let callers = (0..load.in_flight).map(|_| {
//!         let mut caller = lap.caller();
//!         spawn(async move {
//!             while caller.goes_on() {
//!                 call().await;
//!                 caller.called();
//!             }
//!             caller
//!         })
//!     });
//!     lap.end(callers…)?;
//! }
//! ```

mod args;
mod lap;

pub use args::{Load, Peer, Role};
pub use lap::{Caller, Lap, Laps};

/// What any of it may end with.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The answer must be as long as what was sent.
///
/// # Errors
///
/// It is not.
pub fn echoed(sent: usize, got: usize) -> Result<()> {
    if sent == got {
        return Ok(());
    }
    Err(format!("sent {sent} bytes, got {got} back").into())
}

/// Says that connections are taken, and where.
pub fn listening(address: &str) {
    println!("listening {address}");
}
