#![doc = include_str!("../README.md")]

/// Generated from `proto/arith/v1/arith.proto`, for the examples in the documentation.
pub mod arith {
    nearcall::include_proto!("arith.v1");
}

pub mod interop;
mod isolated;
mod link;
mod mirror;
#[cfg(target_os = "linux")]
mod namespaces;
pub mod probe;
#[cfg(unix)]
mod root;
mod running;
#[cfg(windows)]
mod squat;
pub mod transport;
mod wait;
#[cfg(windows)]
mod wine;
mod wires;

#[cfg(windows)]
pub use isolated::alone;
pub use isolated::isolated;
pub use link::{link_file, link_folder};
pub use mirror::{call_back, mirror};
#[cfg(target_os = "linux")]
pub use namespaces::{apart, left_out_without_namespaces};
#[cfg(unix)]
pub use root::left_out_without_root;
pub use running::{Running, address_in, local_address, parity_address};
#[cfg(windows)]
pub use squat::{STRANGER, squat};
pub use wait::{PATIENCE, eventually};
#[cfg(windows)]
pub use wine::left_out_by_wine;
