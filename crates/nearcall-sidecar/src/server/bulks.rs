//! Bulk data of any service: bytes in shared memory for one client, and bytes that a client uploaded.

use std::sync::Arc;

use nearcall_proto::frames::v1 as wire;
use tonic::Status;
use wire::bulk::Content;

use super::caller::Caller;
use super::uploads::Uploads;
use super::{Shared, shelf};
use crate::status::Refused;

/// What a service gives to, and takes from, one caller as bulk data; of [`Frames::bulks`](super::Frames::bulks).
///
/// It works for as long as the caller's connection lasts, and from any thread of the runtime.
#[derive(Debug, Clone)]
pub struct Bulks {
    shared: Arc<Shared>,
    caller: Caller,
}

impl Bulks {
    pub(super) fn new(shared: Arc<Shared>, caller: Caller) -> Self {
        Self { shared, caller }
    }

    /// Puts bytes into shared memory for the caller, who has said that it can map what a path in `/proc` leads to. None
    /// where they are better sent inline: there are few of them, the caller is another user or over a network, it holds
    /// as much as it may, or there is no memory. On Windows they always are.
    ///
    /// The trap: this copies, and the system fills the memory. Many bytes are for a thread that may block.
    #[must_use]
    pub fn share(&self, bytes: &[u8]) -> Option<wire::Bulk> {
        shelf::share(&self.shared, &self.caller, bytes)
    }

    /// The bytes that the caller sent, inline or by an upload, which is used up by this. They are a copy: whatever the
    /// client does to the memory of its upload afterwards, or meanwhile, these stay as they are.
    ///
    /// The trap: what an upload has may have changed while it was copied. Check what is here, not what was said of it;
    /// and many bytes are for a thread that may block.
    ///
    /// # Errors
    ///
    /// There is no such upload on this connection, its commit says more bytes than it has, or there is nothing.
    pub fn take(&self, bulk: wire::Bulk) -> Result<Vec<u8>, Status> {
        let misused = |found| Err(Refused::Bulk { found }.into());
        match bulk.content {
            Some(Content::Inline(bytes)) => Ok(bytes),
            Some(Content::Upload(commit)) => {
                Ok(Uploads::take(&self.shared, &self.caller, &commit)?)
            }
            Some(Content::Frame(_)) => misused("a reference to memory of the server's own"),
            None => misused("nothing"),
        }
    }
}
