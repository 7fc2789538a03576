//! The ways that frames come.

use std::fmt;

use nearcall_proto::frames::v1 as wire;

use crate::imp::{TIERS, USUAL_TIERS};

/// How the frames of a subscription come. User code is the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// In shared memory that was passed over a Unix socket, with no call for a frame.
    Broker,
    /// On Windows: in shared memory whose handles the server put into this process, with no call for a frame.
    Handle,
    /// In shared memory that was opened through `/proc`, with a message for each frame.
    Proc,
    /// In a file that the server writes for this reader alone, read by position, with a message for each frame. For
    /// systems where memory cannot be shared and bytes on a connection cost too much. Both sides have to ask for it.
    File,
    /// As bytes on the gRPC stream: for peers that cannot map, and for other machines.
    Inline,
}

impl Tier {
    /// All that there are on this system, the fastest first.
    pub const ALL: [Self; TIERS.len()] = TIERS;

    /// Those that a reader uses where it does not say: all but [`Tier::File`], which is off unless asked for.
    pub const USUAL: [Self; USUAL_TIERS.len()] = USUAL_TIERS;

    /// As people call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Handle => "handle",
            Self::Proc => "proc",
            Self::File => "file",
            Self::Inline => "inline",
        }
    }

    pub(crate) const fn wire(self) -> wire::Tier {
        match self {
            Self::Broker => wire::Tier::Broker,
            Self::Handle => wire::Tier::Handle,
            Self::Proc => wire::Tier::Proc,
            Self::File => wire::Tier::File,
            Self::Inline => wire::Tier::Inline,
        }
    }

    pub(crate) fn read(wire: wire::Tier) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.wire() == wire)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
