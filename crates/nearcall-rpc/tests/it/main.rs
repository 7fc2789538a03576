//! Server and channel against each other, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blocking;
mod callback;
mod calls;
mod conformance;
mod context;
mod deadlines;
mod front;
mod hostile;
mod interop;
mod lane_choice;
mod lane_hostile;
mod lane_peer;
mod limits;
mod metadata;
mod proxy;
mod raw;
mod reconnect;
mod registry;
mod services;
mod shutdown;
mod wires;
