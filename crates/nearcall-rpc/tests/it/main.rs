//! Server and channel against each other, over real sockets.
//!
//! What is for Unix alone looks at the modes of files; `death` says for itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blocking;
mod callback;
mod calls;
mod conformance;
mod context;
mod deadlines;
#[cfg(unix)]
mod death;
mod front;
mod hostile;
mod interop;
mod lane_choice;
mod lane_hostile;
mod lane_peer;
mod limits;
mod metadata;
#[cfg(windows)]
mod pipes;
mod proxy;
mod raw;
mod reconnect;
#[cfg(unix)]
mod registry;
mod services;
mod shutdown;
mod vanish;
mod wires;
