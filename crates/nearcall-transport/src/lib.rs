#![doc = include_str!("../README.md")]

mod address;
mod connection;
mod imp;
mod listener;
mod memory;
#[cfg(feature = "parity-tokio-ipc")]
pub mod parity;
mod path_limit;
mod peer;
mod private_dir;
mod tcp;

pub mod authority;
pub mod blocking;
pub mod child;
pub mod inherit;
pub mod limits;
pub mod name;
pub mod preface;

pub use address::{Address, AddressError, HttpHost, Target};
pub use connection::{ConnectError, Connection, ReadHalf, WriteHalf};
pub use listener::{AcceptError, BindError, ListenOptions, Listener};
pub use path_limit::NameTooLong;
pub use peer::{Peer, PeerPolicy, PeerRefused, Transport};
pub use private_dir::{PrivateDir, PrivateDirError, create_private_file, runtime_dir};

pub use nearcall_sys::clock::thread_cpu_time;
#[cfg(unix)]
pub use nearcall_sys::limits::raise_open_files;
/// Starting and ending the processes that serve.
pub use nearcall_sys::process;
/// How much room there is, in folders and in memory.
pub use nearcall_sys::room;

/// What a `parity:` address says in a build without it.
#[cfg(not(feature = "parity-tokio-ipc"))]
const PARITY_NOT_BUILT_IN: &str = "this build has no parity-tokio-ipc; build nearcall with the feature `parity-tokio-ipc`, or use `unix:`";
