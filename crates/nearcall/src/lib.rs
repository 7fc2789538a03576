#![doc = include_str!("../README.md")]

#[doc(hidden)]
pub mod codegen;
#[cfg(feature = "log")]
pub mod log;
mod run;

pub use nearcall_rpc::{
    Bound, Channel, ChannelBuilder, ConnectError, Context, CutCall, Described, Drained, Limits,
    Reason, ServeError, Server, TraceContext, WaitForReady, Wire, inspect, limits, raw, registry,
    resolve,
};
pub use nearcall_transport::{
    Address, Peer, PeerPolicy, PrivateDir, Target, Transport, name, runtime_dir,
};
#[cfg(unix)]
pub use nearcall_transport::process;
pub use run::{block_on, connect};
pub use tokio;
pub use tokio_stream;
pub use tonic::metadata;
pub use tonic::{Code, Request, Response, Status, Streaming, async_trait};
pub use tonic_types::{ErrorDetail, ErrorDetails, StatusExt};

/// The services that nearcall itself defines, generated from `proto/nearcall`.
pub mod proto {
    pub use nearcall_proto::*;
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
