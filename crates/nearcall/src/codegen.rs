//! What generated code names. Nothing here is meant to be written by hand.

pub use nearcall_proto as proto;
pub use nearcall_proto::{direct, table};
pub use nearcall_rpc::{Channel, blocking, stub};
pub use prost::bytes::Bytes;
pub use {prost, prost_types, tonic, tonic_prost};
