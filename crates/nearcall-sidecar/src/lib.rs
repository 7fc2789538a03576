#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]

mod bulk_layout;
pub mod client;
pub mod limits;
pub mod server;
pub mod status;
mod tier;
mod watched;
mod wire;

pub use client::{
    Bulk, BulkError, Frame, FrameStream, NextError, Now, OpenError, Options, Upload, UploadError,
    UploadOptions, open, take, upload,
};
pub use server::{Bulks, ChannelError, FilesError, Frames, Loan, Writer};
pub use status::Reason;
pub use tier::Tier;
