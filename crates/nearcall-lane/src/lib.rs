#![doc = include_str!("../README.md")]
// They parse bytes from strangers; tests may fail where they like.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )
)]

mod connection;
mod credit;
mod error;
mod event;
mod frame;
mod head;
mod ids;
pub mod limits;
mod metadata;
mod output;
mod reader;
mod stream;
mod table;
mod violation;

pub use connection::{Connection, Side};
pub use error::CommandError;
pub use event::Event;
pub use frame::{HEADER_BYTES, Hello, Kind, MAGIC, VERSIONS};
pub use head::{CANCELLED, Call, End};
pub use ids::{Mixed, Seed, StreamMap};
pub use limits::Limits;
pub use metadata::is_reserved;
pub use output::Output;
pub use violation::Violation;
