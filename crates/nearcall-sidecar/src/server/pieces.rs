//! The pieces that a frame is sent in, which are written out of the memory it is in.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use nearcall_frames::Lease;
use nearcall_sys::memory::ReadOnly;
use tokio::sync::oneshot;

/// A frame while pieces of it are on their way.
struct Sending {
    lease: Lease<Arc<ReadOnly>>,
    /// Dropped with the last piece.
    _on_its_way: oneshot::Sender<Infallible>,
}

struct Piece {
    frame: Arc<Sending>,
    range: Range<usize>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        let bytes: &[u8] = &self.frame.lease;
        bytes.get(self.range.clone()).unwrap_or_default()
    }
}

/// All pieces of a frame but the first, each of `most` bytes but the last, and what is ready when the frame is let go of:
/// every piece was written or dropped, this iterator included.
pub(super) fn pieces_of(
    lease: Lease<Arc<ReadOnly>>,
    most: usize,
) -> (impl Iterator<Item = Bytes>, impl Future<Output = ()>) {
    let (on_its_way, ended) = oneshot::channel();
    let end = lease.len();
    let frame = Arc::new(Sending {
        lease,
        _on_its_way: on_its_way,
    });
    let pieces = (0..end).step_by(most).skip(1).map(move |start| {
        let range = start..start.saturating_add(most).min(end);
        let frame = Arc::clone(&frame);
        Bytes::from_owner(Piece { frame, range })
    });
    let all_written = async {
        // Nothing is ever sent.
        let _ = ended.await;
    };
    (pieces, all_written)
}
