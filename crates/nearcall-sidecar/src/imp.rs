//! What differs between systems for either side, under the same names. What a server and a client do differently is chosen
//! by ability, in `server.rs` and in `client.rs`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
mod watched;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{TIERS, USUAL_TIERS};
#[cfg(target_os = "macos")]
pub(crate) use macos::{TIERS, USUAL_TIERS};
#[cfg(unix)]
pub(crate) use unix::{Passed, User, borrowed, user_of};
#[cfg(unix)]
pub(crate) use watched::Watched;
#[cfg(windows)]
pub(crate) use windows::{Passed, TIERS, USUAL_TIERS, User, borrowed, user_of};
