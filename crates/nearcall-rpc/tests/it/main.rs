//! Server and channel against each other, over real sockets.
//!
//! What is for Unix alone has a peer or a go-between of its own that reads and writes a Unix socket byte by byte, or looks
//! at the modes of files; `death` says for itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blocking;
mod callback;
mod calls;
mod conformance;
mod context;
mod deadlines;
#[cfg(unix)]
mod death;
#[cfg(unix)]
mod front;
#[cfg(unix)]
mod hostile;
mod interop;
#[cfg(unix)]
mod lane_choice;
#[cfg(unix)]
mod lane_hostile;
#[cfg(unix)]
mod lane_peer;
mod limits;
mod metadata;
mod proxy;
mod raw;
mod reconnect;
#[cfg(unix)]
mod registry;
mod services;
mod shutdown;
mod wires;
