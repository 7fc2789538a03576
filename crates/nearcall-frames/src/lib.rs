#![doc = include_str!("../README.md")]
// They parse memory that others write; tests may fail where they like.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )
)]

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!(
    "frames are laid out for 64-bit little-endian machines; on others use gRPC without frames"
);

pub mod broker;
mod doorbell;
mod geometry;
mod header;
pub mod layout;
pub mod limits;
mod mark;
pub mod memory;
pub mod meta;
mod policy;
mod reader;
mod sync;
mod writer;

#[cfg(windows)]
pub mod handles;
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub mod handover;

pub use doorbell::{Doorbell, Heard, Hearing, Rung, Silent};
pub use geometry::{Geometry, GeometryError, Slot};
pub use header::{Header, HeaderError, Identity};
pub use meta::Meta;
pub use policy::{Policy, Then};
pub use reader::{AttachError, End, Gap, Info, Lease, Next, NextError, Reader};
pub use writer::{
    Aside, Details, Grant, Held, Loan, LoanError, PublishError, Request, SetUpError, State, Stats,
    SubscribeError, SubscriptionId, SubscriptionStats, Writer,
};
