//! Server and channel against each other, over real sockets.

mod blocking;
mod calls;
mod conformance;
mod context;
mod deadlines;
mod hostile;
mod interop;
mod limits;
mod metadata;
mod proxy;
mod raw;
mod reconnect;
mod registry;
mod services;
mod shutdown;
mod wires;
