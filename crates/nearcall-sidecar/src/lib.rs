#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]

pub mod client;
pub mod limits;
pub mod server;
pub mod status;
mod tier;
mod watched;
mod wire;

pub use client::{Frame, FrameStream, NextError, Now, OpenError, Options, open};
pub use server::{ChannelError, Frames, Loan, Writer};
pub use status::Reason;
pub use tier::Tier;
