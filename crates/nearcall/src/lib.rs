#![doc = include_str!("../README.md")]

/// What generated code names. Nothing here is meant to be written by hand.
#[doc(hidden)]
pub mod codegen {
    pub use nearcall_proto::table;
    pub use {prost, prost_types, tonic, tonic_prost};
}

/// Includes the code that `nearcall_build::compile` generated for a proto package.
///
/// ```ignore
/// nearcall::include_proto!("arith.v1");
/// ```
#[macro_export]
macro_rules! include_proto {
    ($package:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $package, ".rs"));
    };
}

pub use nearcall_rpc::{inspect, raw};
pub use tonic::metadata;
pub use tonic::{Code, Request, Response, Status, Streaming, async_trait};
