//! A region of a server's, mapped for reading.

use std::io;

use nearcall_frames::{Header, Identity, layout};
use nearcall_sys::memory::{OpenError, ReadOnly};

/// Why memory was not mapped.
#[derive(Debug, thiserror::Error)]
pub(super) enum ViewFault {
    #[error("the memory of the server cannot be opened")]
    Path(#[from] io::Error),
    #[error("what the server leads to is not safe to map")]
    Open(#[from] OpenError),
    #[error("what the server leads to is other memory")]
    Other,
}

/// Memory that was lent, mapped.
#[derive(Debug)]
pub(super) struct Borrowed {
    pub(super) view: ReadOnly,
    /// Whether it is the client's own by now, so that the server need not be told to let go of it.
    pub(super) is_kept: bool,
}

/// Holds what was mapped against what the server said over gRPC.
pub(super) fn region(view: ReadOnly, identity: Identity) -> Result<ReadOnly, ViewFault> {
    let mut bytes = [0; layout::header::FIXED_BYTES];
    view.read(0, &mut bytes);
    // A process that took the number of the server's may have another channel there.
    let found = Header::parse(&bytes).ok().map(|header| header.identity);
    if found != Some(identity) {
        return Err(ViewFault::Other);
    }
    Ok(view)
}
