//! Authority healing and first-bytes dispatch, from single bytes up to a real HTTP/2 server.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod connection;
mod corpus;
mod filter;
mod heal;
mod preface;
mod properties;
mod server;
mod wire;
