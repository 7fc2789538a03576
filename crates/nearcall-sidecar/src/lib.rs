#![doc = include_str!("../README.md")]
#![cfg(any(target_os = "linux", target_os = "macos", windows))]

mod bulk_layout;
pub mod client;
mod imp;
pub mod limits;
pub mod server;
pub mod status;
mod tier;
mod wire;

pub use client::{
    Bulk, BulkError, Frame, FrameStream, NextError, Now, OpenError, Options, Upload, UploadError,
    UploadOptions, open, take, upload,
};
#[cfg(target_os = "linux")]
pub use server::FilesError;
pub use server::{Bulks, ChannelError, Frames, Loan, Writer};
pub use status::Reason;
pub use tier::Tier;
