#![doc = include_str!("../README.md")]

#[doc(hidden)]
pub mod codegen;
#[cfg(all(
    feature = "frames",
    any(target_os = "linux", target_os = "macos", windows)
))]
pub mod frames;
#[cfg(feature = "log")]
pub mod log;
mod run;

pub use nearcall_rpc::{
    Bound, Channel, ChannelBuilder, ConnectError, Context, CutCall, Described, Drained,
    HealthSwitch, Limits, Reason, ServeError, Server, TraceContext, Trailers, WaitForReady, Wire,
    blocking, caller, inspect, limits, proxy, raw, registry, resolve,
};
pub use nearcall_transport::{
    Address, Connection, Peer, PeerPolicy, PrivateDir, Target, Transport, child,
    create_private_file, name, process, room, runtime_dir,
};
pub use prost_types;
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

/// Includes the code that `nearcall_build::compile` generated for one proto package, named as the `.proto` spells it.
///
/// Code of a package that uses another's messages finds them by the packages' names, from module to module: use
/// [`include_protos!`] then.
///
/// ```text
/// mod arith {
///     nearcall::include_proto!("arith.v1");
/// }
/// use arith::arith_client::ArithClient;
/// ```
#[macro_export]
macro_rules! include_proto {
    ($package:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $package, ".rs"));
    };
}

/// Includes the code that `nearcall_build::compile` generated, every package in the module of its name: `arith.v1`
/// becomes `arith::v1`.
///
/// ```text
/// mod proto {
///     nearcall::include_protos!();
/// }
/// use proto::arith::v1::arith_client::ArithClient;
/// ```
#[macro_export]
macro_rules! include_protos {
    () => {
        include!(concat!(env!("OUT_DIR"), "/proto-modules.rs"));
    };
}
