//! A frame that came.

use std::fmt;
use std::ops::Deref;
use std::ops::Range;
use std::sync::Arc;

use nearcall_frames::{Info, Lease, Meta};
use nearcall_proto::frames::v1 as wire;
use nearcall_sys::memory::ReadOnly;

use super::handing;
use super::streamed::Hold;
use crate::tier::Tier;
use crate::wire::write_info;

/// A frame: its bytes, in shared memory or here, and what its writer says of it. It derefs to the bytes.
///
/// The writer leaves it alone until it is dropped. It may go to another thread, and may outlive its stream. One that came
/// by [`Tier::Proc`] is held by the server for as long as the connection lasts: where that breaks and the server goes
/// on, its bytes become another frame's.
pub struct Frame {
    body: Body,
    epoch: u64,
    lost: u64,
}

/// Where the bytes are.
enum Body {
    Leased(Lease<ReadOnly>),
    Held {
        view: Arc<ReadOnly>,
        /// **Invariant:** lies within the view.
        range: Range<usize>,
        info: Info,
        _hold: Hold,
    },
    /// Bytes of this process's own, and how they came.
    Here(Vec<u8>, Info, Tier),
}

impl Frame {
    pub(super) fn leased(lease: Lease<ReadOnly>, epoch: u64) -> Self {
        Self::new(Body::Leased(lease), epoch)
    }

    pub(super) fn here(bytes: Vec<u8>, info: Info, tier: Tier, epoch: u64) -> Self {
        Self::new(Body::Here(bytes, info, tier), epoch)
    }

    /// A frame in memory, which the server holds until `hold` is dropped. None where it does not lie within the view.
    pub(super) fn held(
        view: Arc<ReadOnly>,
        range: Range<usize>,
        info: Info,
        hold: Hold,
        epoch: u64,
    ) -> Option<Self> {
        let fits = range.start <= range.end && range.end <= view.len();
        let body = Body::Held {
            view,
            range,
            info,
            _hold: hold,
        };
        fits.then(|| Self::new(body, epoch))
    }

    fn new(body: Body, epoch: u64) -> Self {
        let lost = 0;
        Self { body, epoch, lost }
    }

    pub(super) fn after_losing(self, lost: u64) -> Self {
        Self { lost, ..self }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Leased(lease) => lease,
            Body::Held { view, range, .. } => view.leased(range.clone()),
            Body::Here(bytes, ..) => bytes,
        }
    }

    /// What the writer says of the frame.
    #[must_use]
    pub fn info(&self) -> &Info {
        match &self.body {
            Body::Leased(lease) => lease.info(),
            Body::Held { info, .. } | Body::Here(_, info, _) => info,
        }
    }

    /// What the writer says of the frame, as a message: to send on, or to keep.
    #[must_use]
    pub fn message(&self) -> wire::FrameInfo {
        write_info(self.info())
    }

    /// What the bytes are.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.info().meta
    }

    /// The frame's number, within the epoch.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.info().seq
    }

    /// The number of the server's start that it is of.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many frames were lost right before it, where the policy is to get each in turn.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// How it came.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        match self.body {
            Body::Leased(_) => handing::TIER,
            Body::Held { .. } => Tier::Proc,
            Body::Here(_, _, tier) => tier,
        }
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("tier", &self.tier())
            .field("info", self.info())
            .field("bytes", &self.bytes().len())
            .finish_non_exhaustive()
    }
}
