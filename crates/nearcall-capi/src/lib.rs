#![doc = include_str!("../README.md")]
#![expect(
    unsafe_code,
    reason = "C passes pointers: what they point to is the caller's word, taken in `boundary` and `versioned`"
)]
#![expect(
    clippy::missing_safety_doc,
    reason = "these comments become the C header, which states once what every caller owes"
)]

pub mod abi;
mod boundary;
pub mod buffer;
pub mod channel;
mod fault;
pub mod frames;
pub mod host;
mod inbox;
pub mod library;
pub mod metadata;
mod options;
mod runtime;
pub mod status;
pub mod stream;
mod table;
mod versioned;
