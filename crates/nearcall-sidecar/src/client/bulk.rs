//! Bulk data that came.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::ops::Range;

use nearcall_proto::frames::v1 as wire;
use nearcall_proto::frames::v1::frames_client::FramesClient;
use nearcall_rpc::Channel;
use nearcall_sys::memory::ReadOnly;
use wire::bulk::Content;

use super::borrowing;
use super::view::{Borrowed, ViewFault};
use crate::bulk_layout::{LINE_BYTES, line};
use crate::tier::Tier;

/// Bytes that a service sent, here or in shared memory. It derefs to them, and they never change.
///
/// It goes on where the server that sent it ends, and may go to another thread.
pub struct Bulk(Body);

enum Body {
    Here(Vec<u8>),
    There {
        view: ReadOnly,
        /// **Invariant:** lies within the view.
        range: Range<usize>,
    },
}

/// Why bulk data could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    /// What came says nothing.
    #[error("expected bytes or where they are, found {found}; the server is of another version")]
    Content {
        /// What was there.
        found: &'static str,
    },
    /// The path of the memory leads nowhere, or the server gives no handle of it: it is of another machine or container, or
    /// was let go of.
    #[error("the memory of the server cannot be opened; ask again, without saying that it can")]
    Path(#[from] io::Error),
    /// What the server leads to is not safe to map.
    #[error("what the server's reference leads to is not safe to map")]
    Open(#[from] nearcall_sys::memory::OpenError),
    /// It is other memory.
    #[error("what the server's reference leads to is other memory; ask again")]
    Other,
}

impl From<ViewFault> for BulkError {
    fn from(fault: ViewFault) -> Self {
        match fault {
            ViewFault::Path(error) => Self::Path(error),
            ViewFault::Open(error) => Self::Open(error),
            ViewFault::Other => Self::Other,
        }
    }
}

/// Takes bulk data that a service sent over `channel`: maps it where it is in shared memory, and lets the server know that
/// it need not keep it.
///
/// # Errors
///
/// The memory cannot be mapped from here. Ask the service again for bytes then.
pub async fn take(channel: &Channel, bulk: wire::Bulk) -> Result<Bulk, BulkError> {
    let nothing = |found| BulkError::Content { found };
    let frame = match bulk.content {
        Some(Content::Inline(bytes)) => return Ok(Bulk(Body::Here(bytes))),
        Some(Content::Frame(frame)) => frame,
        Some(Content::Upload(_)) => return Err(nothing("an upload")),
        None => return Err(nothing("nothing")),
    };
    let opened = open(channel, &frame).await;
    let is_kept = opened.as_ref().is_ok_and(|(_, is_kept)| *is_kept);
    if !is_kept {
        let mut client = FramesClient::new(channel.clone());
        let lease = frame.lease;
        // Mapped, it stays. Where the server is gone, it keeps nothing.
        let _ = client.release(wire::ReleaseRequest { lease }).await;
    }
    opened.map(|(bulk, _)| bulk)
}

/// The bytes, and whether the server need not be told that they are had.
async fn open(channel: &Channel, frame: &wire::FrameRef) -> Result<(Bulk, bool), BulkError> {
    let found = "a reference that lacks something";
    let missing = || BulkError::Content { found };
    let region = frame.region.as_ref().ok_or_else(missing)?;
    let geometry = region.geometry.ok_or_else(missing)?;
    let whole = |number| usize::try_from(number).map_err(|_| missing());
    let (bytes, start) = (whole(geometry.region_bytes)?, whole(frame.offset)?);
    let end = start
        .checked_add(whole(frame.length)?)
        .ok_or_else(missing)?;
    let lease = <[u8; 16]>::try_from(&frame.lease[..]).map_err(|_| missing())?;
    if end > bytes || bytes < LINE_BYTES {
        return Err(missing());
    }
    let Borrowed { view, is_kept } = borrowing::map(channel, frame, bytes).await?;
    // A process that took the number of the server's, or a descriptor that took the memory's, may have another there.
    let mut stands = [0; LINE_BYTES];
    view.read(0, &mut stands);
    if stands != line(&lease) {
        return Err(BulkError::Other);
    }
    let range = start..end;
    let bulk = Bulk(Body::There { view, range });
    Ok((bulk, is_kept))
}

impl Bulk {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Body::Here(bytes) => bytes,
            // The server writes them before it tells of them, and never again.
            Body::There { view, range } => view.leased(range.clone()),
        }
    }

    /// How they came.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        match self.0 {
            Body::Here(_) => Tier::Inline,
            Body::There { .. } => borrowing::TIER,
        }
    }
}

impl From<Vec<u8>> for Bulk {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Body::Here(bytes))
    }
}

impl Deref for Bulk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes()
    }
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("tier", &self.tier())
            .field("bytes", &self.bytes().len())
            .finish_non_exhaustive()
    }
}
