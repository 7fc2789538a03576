//! What generated code names. Nothing here is meant to be written by hand.

pub use nearcall_proto::table;
pub use {prost, prost_types, tonic, tonic_prost};
