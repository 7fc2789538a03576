//! A region of a server's, mapped for reading.

use std::io;

use nearcall_frames::{Geometry, Header, Identity, layout};
use nearcall_sys::memory::{OpenError, ReadOnly, open_region};

use crate::imp::{Passed, borrowed};

/// Why memory was not mapped.
#[derive(Debug, thiserror::Error)]
pub(super) enum ViewFault {
    #[error("the memory of the server cannot be opened")]
    Path(#[from] io::Error),
    #[error("what the server leads to is not safe to map")]
    Open(#[from] OpenError),
    #[error("what the server leads to is another channel")]
    Other,
}

/// Maps what is to be a region, and holds it against what the server said over gRPC.
pub(super) fn view(
    memory: &Passed,
    identity: Identity,
    geometry: Geometry,
) -> Result<ReadOnly, ViewFault> {
    let view = open_region(borrowed(memory), geometry.region_bytes())?;
    let mut bytes = [0; layout::header::FIXED_BYTES];
    view.read(0, &mut bytes);
    // A process that took the number of the server's may have another channel there.
    let found = Header::parse(&bytes).ok().map(|header| header.identity);
    if found != Some(identity) {
        return Err(ViewFault::Other);
    }
    Ok(view)
}
